"""How codes and ids are spelled: of divisions, categories, units. Packs and every door share this one definition."""

from typing import Annotated, Final

from pydantic import Field

from shared.contracts.wording import Identifier

LONGEST_CODE: Final = 64
CODE_PATTERN: Final = r"^[a-z0-9][a-z0-9-]*$"

Code = Annotated[str, Field(pattern=CODE_PATTERN, max_length=LONGEST_CODE)]
"""As a pack defines it."""
GivenCode = Annotated[str, Field(max_length=LONGEST_CODE), Identifier("what a pack defines is looked up by it")]
"""As somebody sends it: how it is spelled does not matter, since what no pack defines is answered as unknown."""
