"""Defines the draft of a demand at the portal, and what it became; pure."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import orjson

from services.intake.inbound.message import TITLE
from services.intake.submission.domain import SubmitDemand
from services.intake.submission.fitting import fitting
from services.intake.vault.contact import Contact
from shared.contracts.demand.facts import Location, RequestKind
from shared.contracts.text import is_blank

LONGEST_WORDS, LONGEST_PLACE = 2000, 200


@dataclass(frozen=True, slots=True)
class Photo:
    """An uploaded photo: its reference in the store, and its name on the phone."""

    reference: str
    name: str


@dataclass(frozen=True, slots=True)
class SentDraft:
    """What a draft became: a demand, or the support of another demand."""

    id: UUID
    number: str
    at: datetime
    due_at: datetime | None = None
    supported: bool = False
    phone_ends: str = ""
    """The last digits of the citizen's telephone, by which they recognise it."""


@dataclass(frozen=True, slots=True)
class RaiseDraft:
    """What was filled in so far; `place` is the citizen's own description, the point is in WGS-84 degrees. After it was
    sent only `sent` is left."""

    words: str = ""
    photos: tuple[Photo, ...] = ()
    division: str | None = None
    place: str = ""
    lat: float | None = None
    lon: float | None = None
    name: str = ""
    phone: str = ""
    sent: SentDraft | None = None

    @property
    def title(self) -> str:
        """The beginning of the text, since citizens are not asked for a title."""
        line = next((line.strip() for line in self.words.splitlines() if not is_blank(line)), "")
        return fitting(line, TITLE)

    @property
    def contact(self) -> Contact | None:
        """The contact of the citizen; None if none was given."""
        return Contact(name=self.name, phone=self.phone) if self.name or self.phone else None

    @property
    def phone_ends(self) -> str:
        """The last four digits of the telephone; empty if none was given."""
        return "".join(filter(str.isdigit, self.phone))[-4:]

    @property
    def location(self) -> Location | None:
        """The point; None if the phone gave none."""
        if self.lat is None or self.lon is None:
            return None
        return Location(lat=self.lat, lon=self.lon)

    def command(
        self, category: str | None = None, kind: RequestKind = RequestKind.HELP, may_publish: bool | None = None
    ) -> SubmitDemand:
        """The command of the draft; raises `pydantic.ValidationError` if its text cannot be stored."""
        text = f"{self.words}\n{_PLACE}{self.place}" if self.place else self.words
        return SubmitDemand(
            title=self.title,
            text=text,
            division=self.division,
            category=category,
            kind=kind,
            may_publish=may_publish,
            location=self.location,
            contact=self.contact,
            attachments=tuple(photo.reference for photo in self.photos),
        )


_PLACE: Final = "地点："
"""The line with the citizen's description of the place, which a demand has no field for; in Chinese, because units read
it."""


def encoded(draft: RaiseDraft) -> bytes:
    """Encode a draft, to be sealed."""
    return orjson.dumps(asdict(draft), default=str)


def read(content: bytes) -> RaiseDraft:
    """Decode a draft."""
    fields: dict[str, Any] = orjson.loads(content)
    fields["photos"] = tuple(Photo(**photo) for photo in fields["photos"])
    fields["sent"] = _sent(fields["sent"]) if fields["sent"] else None
    return RaiseDraft(**fields)


def _sent(stored: dict[str, Any]) -> SentDraft:
    due_at = stored["due_at"]
    return SentDraft(
        UUID(stored["id"]),
        stored["number"],
        datetime.fromisoformat(stored["at"]),
        datetime.fromisoformat(due_at) if due_at else None,
        stored["supported"],
        stored.get("phone_ends", ""),
    )
