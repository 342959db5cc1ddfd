"""What intake answers another service that asks who shows a credential: one set of documents for both sides."""

from pydantic import BaseModel

from shared.contracts.refusals import Code


class KnownChannel(BaseModel):
    """The channel whose key it is."""

    id: str
    name: str


class KnownStaff(BaseModel):
    """The person whose token it is, with the names of their roles."""

    name: str
    unit: str
    roles: tuple[str, ...]


class Complaint(BaseModel):
    """Why a credential is refused, for its bearer."""

    code: Code
    en: str
    zh: str
    field: str = ""
    example: str | None = None
    retry_after: int | None = None


class Introspected(BaseModel):
    """One of the three: whose credential it is, or why it is refused."""

    channel: KnownChannel | None = None
    person: KnownStaff | None = None
    refused: Complaint | None = None


class GoodChannels(BaseModel):
    """Those of some channels whose keys are good for a scope."""

    channels: tuple[str, ...]
