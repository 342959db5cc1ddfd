"""The rows that a jurisdiction pack is made of, exactly as its files spell them."""

import re
from datetime import date, time
from enum import StrEnum
from typing import Annotated, ClassVar, Final

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from shared.contracts.codes import Code
from shared.contracts.demand.facts import ChannelKind, RequestKind

Words = Annotated[str, Field(min_length=1)]
Days = Annotated[int, Field(ge=1)]

STATION, TOWN = "station", "town"
_SPAN: Final = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)")


def span(hours: str) -> tuple[time, time]:
    """The two ends of `22:00-06:00`, the second excluded; raises `ValueError` where it is no span of hours."""
    match = _SPAN.fullmatch(hours)
    if not match or hours[:5] == hours[6:]:
        raise ValueError(f"{hours!r} must be two different times of the day, such as 22:00-06:00")
    return time(int(match[1]), int(match[2])), time(int(match[3]), int(match[4]))


def _is_span(hours: str) -> str:
    span(hours)
    return hours


Hours = Annotated[str, AfterValidator(_is_span)]


class Part(BaseModel):
    """Immutable, and closed: a misspelt key is an error, not a silence."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    optional_columns: ClassVar[tuple[str, ...]] = ()
    """Columns that the header of a CSV file may leave out."""


class Text(Part):
    """The same words in both languages of the product."""

    zh: Words
    en: Words


class UnitKind(StrEnum):
    """What a unit is to the place it stands in."""

    STATION = STATION
    TOWN = TOWN
    DEPARTMENT = "department"
    COORDINATOR = "coordinator"


class Weekday(StrEnum):
    """The days of a week, Monday first."""

    MONDAY = "monday"
    TUESDAY = "tuesday"
    WEDNESDAY = "wednesday"
    THURSDAY = "thursday"
    FRIDAY = "friday"
    SATURDAY = "saturday"
    SUNDAY = "sunday"


class Division(Part):
    """A place that demands lie in: a district, a town, a village."""

    code: Code
    name: Words
    level: Words
    parent: Code | None = None


class Unit(Part):
    """A body that handles demands; `leader` is the leader of the jurisdiction who answers for it (挂钩领导)."""

    optional_columns = ("leader",)

    id: Code
    name: Words
    level: Words
    division_code: Code
    kind: UnitKind
    leader: Words | None = None


class Team(Part):
    """The team stationed in one village, with the unit that answers for each of its tiers."""

    id: Code
    name: Words
    village: Code
    district_unit: Code
    town_unit: Code
    village_unit: Code


class Category(Part):
    """What a demand is about; `kind` is what a citizen who names no kind most often wants."""

    code: Code
    name: Text
    parent: Code | None = None
    kind: RequestKind | None = None
    keywords: tuple[Words, ...] = ()
    triage: bool = Field(False, description="on purpose without a rule: a dispatcher decides")
    vulnerable: bool = Field(False, description="of people who need protection, with all below it: shorter limits")


class Match(Part):
    """What a rule asks of a demand, all of it together; a parent code stands for everything below it."""

    category: Code | None = None
    division: Code | None = None
    kind: RequestKind | None = None
    channel: ChannelKind | None = None
    vulnerable: bool | None = Field(None, description="whether somebody of a vulnerable group raised it")
    keywords: tuple[Words, ...] = Field((), description="any one of them, in the title or the text as it was masked")
    working_day: bool | None = Field(None, description="true: on working days alone; false: on days of rest alone")
    hours: Hours | None = Field(None, description="local time at which it is dispatched, such as 22:00-06:00")


class Rule(Part):
    """One line of the dispatch catalogue; `lead` is a unit id, `station` or `town`."""

    id: Code
    match: Match = Match()
    lead: Code
    assisting: tuple[Code, ...] = ()
    limits: Code | None = Field(None, description="a preset that differs from the catalogue's own")


class Year(Part):
    """The days of one year that differ from an ordinary week."""

    announced: bool = Field(True, description="false: make-up working days are not published yet")
    rest: tuple[date, ...]
    work: tuple[date, ...] = ()


class ListLevel(Part):
    """A list of projects that a level of divisions keeps (三级清单)."""

    level: Words
    name: Text


class VillageFund(Part):
    """The money that each village may spend on small matters in a year."""

    amount_per_year: Annotated[int, Field(gt=0)]
    currency: Annotated[str, Field(pattern="^[A-Z]{3}$")]
    source: Words


class HotSpotRules(Part):
    """When demands about one matter are common (共性需求). The defaults are our choice, measured on real messages with
    `python -m tests.bench.common_demands`: of the hot spots told in a sample that was read, four of five were true."""

    least: Annotated[int, Field(ge=3, le=1000, description="demands")] = 5
    within_days: Annotated[int, Field(ge=1, le=60)] = 14
    likeness: Annotated[float, Field(ge=0.1, le=0.9, description="how like their words must be")] = 0.3
