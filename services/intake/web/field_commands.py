"""Parses and checks the forms of field visits; pure. Errors are by field, in both languages."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from services.intake.submission.domain import HandledDemand, SubmitDemand
from services.intake.web import raise_forms
from services.intake.web.draft import RaiseDraft
from services.intake.web.map_tiles import MapTiles
from services.intake.web.raise_forms import Errors, typed
from shared.contracts.demand import facts as f
from shared.identity.person import Person
from shared.jurisdiction.pack import Pack
from shared.jurisdiction.parts import Unit

LONGEST_MEMBERS, LONGEST_DONE, MOST_HOUSEHOLDS = 300, 1000, 10_000
OLDEST: Final = timedelta(days=60)
"""Our choice: a demand that was stored on a device for longer gets the time of its arrival, because the device's clock
may be wrong."""
_ELSEWHERE: Final = ("请选择本单位管辖的村（社区）", "Choose a village or community of your unit")


@dataclass(frozen=True, slots=True)
class FieldVisit:
    """A visit as it was filled in; `households` is None until somebody has counted them."""

    id: UUID
    division: str = ""
    held_on: date | None = None
    members: str = ""
    households: int | None = None


@dataclass(frozen=True, slots=True)
class Booking:
    """One demand of a resident; `draft` has text, place and contact; `done` says what was done if it was solved on the
    spot."""

    key: UUID
    draft: RaiseDraft
    category: str | None = None
    vulnerable: bool = False
    on_the_spot: bool = False
    done: str = ""
    may_publish: bool | None = None
    at: datetime | None = None


def read_visit(form: Mapping[str, Any], id: UUID, pack: Pack, unit: Unit, today: date) -> tuple[FieldVisit, Errors]:
    """The visit of a form; its day must not be after today, and its place must belong to the unit."""
    errors: Errors = {}
    division, members = typed(form, "division", 64), " ".join(typed(form, "members", LONGEST_MEMBERS).split())
    if not is_place_of(division, pack, unit):
        errors["division"] = _ELSEWHERE
    held_on = _day(form.get("held_on"))
    if held_on is None or held_on > today:
        errors["held_on"] = ("请填写走访日期，不能晚于今天", "Give the day of the visit, today at the latest")
    households = typed(form, "households", 8)
    if households and not (households.isdecimal() and int(households) <= MOST_HOUSEHOLDS):
        errors["households"] = ("请填写户数，如 12；也可以留空", "A number such as 12; or leave it empty")
    counted = int(households) if households and "households" not in errors else None
    return FieldVisit(id, division, held_on, members, counted), errors


def read_booking(
    form: Mapping[str, Any], key: UUID, pack: Pack, unit: Unit, now: datetime, tiles: MapTiles
) -> tuple[Booking, Errors]:
    """The demand of a form. A contact is stored only if the resident agreed."""
    draft, errors = raise_forms.with_words(RaiseDraft(division=typed(form, "division", 64)), form)
    if not is_place_of(draft.division or "", pack, unit):
        errors["demand-division"] = _ELSEWHERE
    draft, wrong = raise_forms.with_contact(raise_forms.with_place(draft, form, tiles), form)
    errors |= wrong
    if draft.contact and not form.get("agreed"):
        errors["agreed"] = (
            "留姓名或电话，要先告诉群众用途并得到同意；不同意就不填",
            "A name or phone needs the resident's consent: ask, or leave both empty",
        )
    category = typed(form, "category", 64) or None
    if category and pack.category(category) is None:
        errors["category"] = ("请重新选择类别，也可以不选", "Choose the category again, or none")
    on_the_spot, done = bool(form.get("on_the_spot")), typed(form, "done", LONGEST_DONE)
    if on_the_spot and not done:
        errors["done"] = ("请写明当场做了什么", "Say what was done")
    booking = Booking(
        key, draft, category, bool(form.get("vulnerable")), on_the_spot, done,
        bool(form.get("may_publish")) if pack.publication.release else None, _moment(form.get("booked_at"), now),
    )  # fmt: skip
    return booking, errors


def is_place_of(division: str, pack: Pack, unit: Unit) -> bool:
    """Whether the place belongs to the unit's division; a unit of the whole jurisdiction visits all of it."""
    return bool(pack.division(division)) and pack.is_within(division, unit.division_code or pack.root)


def command(booking: Booking, pack: Pack, by: Person, guessed: str | None, at: datetime) -> SubmitDemand:
    """The command that submits a booking; `guessed` is the category if staff chose none. Raises `ValidationError`.

    A demand that was solved on the spot has its handling with it: routed to the unit of the booking person, accepted
    and answered at the same moment. Its citizen judges the answer like any other.
    """
    code = booking.category or guessed
    chosen = pack.category(code) if code else None
    kind = (chosen.kind if chosen else None) or f.RequestKind.HELP
    plain = booking.draft.command(code, kind, booking.may_publish)
    given = plain.model_dump() | {"vulnerable": booking.vulnerable, "occurred_at": at}
    if not booking.on_the_spot:
        return SubmitDemand.model_validate(given)
    return HandledDemand.model_validate(given | {"history": _handled(booking.done, by, at)})


def _handled(done: str, by: Person, at: datetime) -> list[f.RecordedStep]:
    signed = {"by": by.name} | ({"by_subject": by.subject} if by.subject else {})
    steps = (
        (f.DemandRouted.type, {"unit": by.unit, "rule": "on-the-spot", "by": by.name}),
        (f.DemandAccepted.type, signed),
        (f.DemandResolved.type, {"by": by.name, "result": done, "on_the_spot": True}),
    )
    return [f.RecordedStep(at=at, type=type, data=dict(data)) for type, data in steps]


def _day(written: Any) -> date | None:
    try:
        return date.fromisoformat(str(written))
    except ValueError:
        return None


def _moment(milliseconds: Any, now: datetime) -> datetime | None:
    """The time of booking by the device's clock; None if it is impossible."""
    try:
        at = datetime.fromtimestamp(int(milliseconds) / 1000, UTC)
    except (TypeError, ValueError, OverflowError, OSError):
        return None
    return at if now - OLDEST < at <= now else None
