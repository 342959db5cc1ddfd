"""What somebody is about to raise at the portal, and what became of it; pure."""

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
    """A photo that was handed in: its reference in the store, and what the phone called it."""

    reference: str
    name: str


@dataclass(frozen=True, slots=True)
class Sent:
    """What a draft became: a demand, or the support of another one's."""

    id: UUID
    number: str
    at: datetime
    due_at: datetime | None = None
    supported: bool = False


@dataclass(frozen=True, slots=True)
class Draft:
    """What was filled in so far; `place` is in the citizen's own words, the point in WGS-84 degrees.

    After it was sent nothing is left but `sent`.
    """

    words: str = ""
    photos: tuple[Photo, ...] = ()
    division: str | None = None
    place: str = ""
    lat: float | None = None
    lon: float | None = None
    name: str = ""
    phone: str = ""
    sent: Sent | None = None

    @property
    def title(self) -> str:
        """The beginning of the words; a title is asked of nobody."""
        line = next((line.strip() for line in self.words.splitlines() if not is_blank(line)), "")
        return fitting(line, TITLE)

    @property
    def contact(self) -> Contact | None:
        """How to reach whoever raises it, where they said it."""
        return Contact(name=self.name, phone=self.phone) if self.name or self.phone else None

    @property
    def location(self) -> Location | None:
        """The point, where the phone told it."""
        if self.lat is None or self.lon is None:
            return None
        return Location(lat=self.lat, lon=self.lon)

    def command(
        self, category: str | None = None, kind: RequestKind = RequestKind.HELP, may_publish: bool | None = None
    ) -> SubmitDemand:
        """The demand that it becomes; raises `pydantic.ValidationError` where the words cannot be kept."""
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
"""Units read it, in Chinese; the place in people's own words has no field of its own in a demand."""


def written(draft: Draft) -> bytes:
    """The draft as it is sealed."""
    return orjson.dumps(asdict(draft), default=str)


def read(content: bytes) -> Draft:
    """The draft again."""
    fields: dict[str, Any] = orjson.loads(content)
    fields["photos"] = tuple(Photo(**photo) for photo in fields["photos"])
    fields["sent"] = _sent(fields["sent"]) if fields["sent"] else None
    return Draft(**fields)


def _sent(stored: dict[str, Any]) -> Sent:
    due_at = stored["due_at"]
    return Sent(
        UUID(stored["id"]),
        stored["number"],
        datetime.fromisoformat(stored["at"]),
        datetime.fromisoformat(due_at) if due_at else None,
        stored["supported"],
    )
