"""Defines the commands to the vault and its answers: each field by its name, never without a reason."""

from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.intake import examples
from services.intake.vault.contact import Contact
from shared.contracts.examples import NUMBER, with_examples
from shared.contracts.text import Text
from shared.contracts.wording import by_citizen

Why = Annotated[
    Text,
    Field(min_length=4, max_length=1000, description="told in the demand's record", examples=["回访核实施工时间"]),
    by_citizen(1000),
]


class PersonalField(StrEnum):
    """What the vault may hold of a demand."""

    NAME = "name"
    PHONE = "phone"
    EMAIL = "email"
    ADDRESS = "address"
    WECHAT = "wechat"
    TITLE = "title"
    TEXT = "text"
    SAID = "said"
    EARLIER = "earlier"


class Erase(BaseModel):
    """Who erases says why."""

    model_config = ConfigDict(extra="forbid", frozen=True, json_schema_extra=with_examples(examples.ERASE))

    why: Why


class Reveal(BaseModel):
    """Who asks says why, and for no more than is needed."""

    model_config = ConfigDict(extra="forbid", frozen=True, json_schema_extra=with_examples(examples.REVEAL))

    why: Why
    fields: Annotated[frozenset[PersonalField], Field(min_length=1)] = frozenset(PersonalField)
    contact: UUID | None = Field(
        None, description="the reference that a fact tells, such as a supporter's; without it the demand's own contact"
    )


class Wording(BaseModel):
    """The original title and text, stored if masking changed them."""

    title: str = ""
    text: str = ""


class Personal(BaseModel):
    """The fields that were asked for and are known; what is not known is left out."""

    model_config = ConfigDict(json_schema_extra=with_examples({"number": NUMBER, **examples.CONTACT}))

    number: str
    name: str | None = None
    phone: str | None = None
    email: str | None = None
    address: str | None = None
    wechat: str | None = None
    title: str | None = Field(None, description="as written, where masking changed title or text")
    text: str | None = Field(None, description="as written, where masking changed title or text")

    said: tuple[str, ...] | None = Field(None, description="what only the vault knows of what was said later")

    earlier: tuple[str, ...] | None = Field(
        None, description="numbers of other demands of this citizen that whoever asks may read, the latest first"
    )

    @property
    def disclosed(self) -> tuple[str, ...]:
        """The names of the fields that have a value."""
        return tuple(field for field in PersonalField if getattr(self, field) is not None)


def personal(
    number: str,
    contact: Contact | None,
    wording: Wording | None,
    statements: tuple[str, ...],
    fields: frozenset[PersonalField],
) -> Personal:
    """The requested fields of the known data."""
    known: dict[str, str | tuple[str, ...]] = {PersonalField.SAID: statements}
    for source in (contact, wording):
        known |= source.model_dump() if source else {}
    return Personal(number=number, **{field: known[field] for field in fields if known.get(field)})
