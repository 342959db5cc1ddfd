"""Makes the values of the field-visit pages: the choices of forms, a visit, and its demands; pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from services.intake.submission.secret_code import SecretCodes
from services.intake.web.field_gate import FieldStaff
from services.intake.web.field_queries import BookedRow, VisitCount, VisitRow
from services.intake.web.map_tiles import middle_of
from services.intake.web.places import ServedPlaces
from services.intake.web.send_pages import category_groups
from services.intake.web.visit import PageVisit as Page
from shared.contracts.demand.facts import Location
from shared.jurisdiction.pack import Pack
from shared.jurisdiction.release import Consent

CODES_SHOWN: Final = timedelta(days=1)
"""Our choice: a code opens everything the citizen says, so staff see it only on the day of the visit."""


class Line(NamedTuple):
    """One demand of a visit; `code` is empty after that day."""

    number: str
    title: str
    status: str
    on_the_spot: bool
    code: str


class VisitLine(NamedTuple):
    """One visit of a list."""

    href: str
    words: str
    counts: str


@dataclass(frozen=True, slots=True)
class FieldView:
    """A page for a person who books, in one language."""

    by: FieldStaff
    page: Page

    @property
    def pack(self) -> Pack:
        return self.by.pack

    @property
    def who(self) -> str:
        """A digest that separates the drafts of several people on one device; it does not show who they are."""
        identity = "\n".join((self.by.unit.id, self.by.person.name, self.by.person.subject or ""))
        return sha256(identity.encode()).hexdigest()[:16]

    def values(self, path: str, **more: Any) -> dict[str, Any]:
        """The values that every page of field visits needs."""
        release = self.pack.publication.release
        return self.page.page(path) | {
            "staff": f"{self.by.unit.name} · {self.by.person.name}",
            "member": self.by.person.name,
            "who": self.who,
            "places": self.places(),
            "categories": category_groups(self.pack, self.page),
            "releases": release is not None,
            "presumed": release is not None and release.consent is Consent.PRESUMED,
            "errors": {},
        } | more  # fmt: skip

    def places(self) -> list[tuple[str, list[tuple[str, str]]]]:
        """The places that the unit visits, grouped by the place above; a station has only its one place."""
        home = self.by.unit.division_code
        within = [
            (above, [(code, name) for code, name in names if self.pack.is_within(code, home)])
            for above, names in ServedPlaces([self.pack]).groups(self.pack)
        ]
        return [(above, names) for above, names in within if names]

    @property
    def middle(self) -> Location | None:
        """The centre of a map: the middle of the unit's division, if its boundary is known."""
        home = self.by.unit.division_code
        return middle_of(self.pack, home) if home else None

    def place(self, code: str) -> str:
        """The names of a place and those above it."""
        return ServedPlaces([self.pack]).address(self.pack, code)

    def lines(self, rows: Sequence[BookedRow], codes: SecretCodes, now: datetime) -> list[Line]:
        """The booked demands, with their codes as long as these are shown."""
        return [
            Line(
                row.number, row.title, row.status, row.on_the_spot,
                _spaced(codes.of(row.demand_id)) if now - row.booked_at < CODES_SHOWN else "",
            )
            for row in rows
        ]  # fmt: skip

    def summary(self, visit: VisitRow, lines: Sequence[Line]) -> list[tuple[str, str]]:
        """The figures of the visit, for the hand-over."""
        say = self.page.say
        solved = sum(line.on_the_spot for line in lines)
        households = str(visit.households) if visit.households is not None else say("未填写", "not counted")
        return [
            (say("日期", "Day"), visit.held_on.isoformat()),
            (say("地点", "Place"), self.place(visit.division)),
            (say("登记人", "Booked by"), f"{self.by.unit.name} {visit.person}"),
            (say("参加人员", "Team"), visit.members or say("未填写", "not named")),
            (say("走访户数", "Households"), households),
            (say("登记诉求", "Demands booked"), say(f"{len(lines)} 件", str(len(lines)))),
            (say("其中现场解决", "Solved on the spot"), say(f"{solved} 件", str(solved))),
        ]

    def visits(self, rows: Sequence[VisitCount]) -> list[VisitLine]:
        """The rows of the unit's last visits."""
        say = self.page.say
        return [
            VisitLine(
                self.page.to(f"/field/visits/{row.id}"),
                f"{row.held_on.isoformat()} {self.place(row.division)}",
                say(
                    f"{row.booked} 件，现场解决 {row.on_the_spot} 件 · {row.person}",
                    f"{row.booked} booked, {row.on_the_spot} solved on the spot · {row.person}",
                ),
            )
            for row in rows
        ]

    def today(self, now: datetime) -> str:
        """Today's date in the unit's time zone."""
        return now.astimezone(ZoneInfo(self.pack.timezone)).date().isoformat()


def _spaced(code: str) -> str:
    return f"{code[:4]} {code[4:]}"
