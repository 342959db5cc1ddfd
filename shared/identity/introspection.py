"""The documents of intake's introspection endpoint, with which other services verify a credential."""

from pydantic import BaseModel

from shared.contracts.refusals import Code


class KnownChannel(BaseModel):
    """The channel that the key belongs to."""

    id: str
    name: str


class KnownStaff(BaseModel):
    """The person that the token belongs to, with the names of their roles."""

    name: str
    unit: str
    roles: tuple[str, ...]


class Complaint(BaseModel):
    """The reason why a credential is refused, for its bearer."""

    code: Code
    en: str
    zh: str
    field: str = ""
    example: str | None = None
    retry_after: int | None = None


class Introspected(BaseModel):
    """Exactly one of the three: the channel, the person, or the refusal."""

    channel: KnownChannel | None = None
    person: KnownStaff | None = None
    refused: Complaint | None = None


class GoodChannels(BaseModel):
    """Those of the requested channels whose keys are valid for a scope."""

    channels: tuple[str, ...]
