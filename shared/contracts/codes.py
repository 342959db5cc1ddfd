"""The types of codes and ids of divisions, categories and units, shared by packs and all APIs."""

from typing import Annotated, Final

from pydantic import Field

from shared.contracts.wording import Identifier

LONGEST_CODE: Final = 64
CODE_PATTERN: Final = r"^[a-z0-9][a-z0-9-]*$"

Code = Annotated[str, Field(pattern=CODE_PATTERN, max_length=LONGEST_CODE)]
"""A code in a pack: it must match the pattern."""
GivenCode = Annotated[str, Field(max_length=LONGEST_CODE), Identifier("what a pack defines is looked up by it")]
"""A code in a request: its pattern is not checked, because a code that no pack defines is refused as unknown."""
