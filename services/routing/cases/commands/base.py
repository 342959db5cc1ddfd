"""The base class of all commands that staff give to a case."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from shared.contracts.text import Text
from shared.contracts.wording import Identifier, by_office

Note = Annotated[Text, Field(max_length=4000), by_office(4000)]
Words = Annotated[Text, Field(min_length=1, max_length=4000), by_office(4000)]
Reason = Annotated[Text, Field(min_length=1, max_length=1000), by_office(1000)]
Unit = Annotated[Text, Field(min_length=1, max_length=64), Identifier("a unit of the jurisdiction")]
Colleague = Annotated[Text, Field(min_length=1, max_length=100), by_office(100)]
WorkingDays = Annotated[int, Field(ge=1, le=250)]
Evidence = Annotated[tuple[Text, ...], Field(max_length=20), by_office()]
Attachments = Annotated[
    tuple[Annotated[Text, Field(min_length=1, max_length=64)], ...],
    Field(max_length=20, description="files: what `POST /v1/attachments/evidence/{number}` answered"),
    Identifier("a reference into intake's store"),
]


class StaffCommand(BaseModel):
    """Given by a member of staff; `by` comes from whoever signed in, never from the body."""

    model_config = ConfigDict(extra="forbid", frozen=True)
