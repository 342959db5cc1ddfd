"""The models of the rows and entries in the files of a jurisdiction pack."""

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
    """Parse `22:00-06:00` into its two ends, the second excluded; raises `ValueError`."""
    match = _SPAN.fullmatch(hours)
    if not match or hours[:5] == hours[6:]:
        raise ValueError(f"{hours!r} must be two different times of the day, such as 22:00-06:00")
    return time(int(match[1]), int(match[2])), time(int(match[3]), int(match[4]))


def _is_span(hours: str) -> str:
    span(hours)
    return hours


Hours = Annotated[str, AfterValidator(_is_span)]


class PackModel(BaseModel):
    """The base of all models of a pack: immutable, and an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    optional_columns: ClassVar[tuple[str, ...]] = ()
    """Columns that the header of a CSV file may leave out."""


class Text(PackModel):
    """A text in both languages of the product."""

    zh: Words
    en: Words


class UnitKind(StrEnum):
    """The kind of a unit in its division."""

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


class Division(PackModel):
    """A place to which demands belong: a district, a town, a village."""

    code: Code
    name: Words
    level: Words
    parent: Code | None = None


class Unit(PackModel):
    """An office that handles demands; `leader` is the leader who is responsible for it (挂钩领导)."""

    optional_columns = ("leader",)

    id: Code
    name: Words
    level: Words
    division_code: Code
    kind: UnitKind
    leader: Words | None = None


class Team(PackModel):
    """The team that is stationed in a village, with the responsible unit of each level."""

    id: Code
    name: Words
    village: Code
    district_unit: Code
    town_unit: Code
    village_unit: Code


class Category(PackModel):
    """A subject of demands; `kind` is the kind of request if the citizen chooses none."""

    code: Code
    name: Text
    parent: Code | None = None
    kind: RequestKind | None = None
    keywords: tuple[Words, ...] = ()
    triage: bool = Field(False, description="true: there is no rule on purpose; a dispatcher decides")
    vulnerable: bool = Field(
        False,
        description="true: demands of this category and its subcategories are from"
        " people who need protection: shorter limits",
    )


class Match(PackModel):
    """The conditions of a rule; a demand must meet all of them. A code includes all codes below it."""

    category: Code | None = None
    division: Code | None = None
    kind: RequestKind | None = None
    channel: ChannelKind | None = None
    vulnerable: bool | None = Field(None, description="whether somebody of a vulnerable group raised it")
    keywords: tuple[Words, ...] = Field((), description="matches if one of them is in the masked title or text")
    working_day: bool | None = Field(None, description="true: only on working days; false: only on rest days")
    hours: Hours | None = Field(None, description="local time of the dispatch, such as 22:00-06:00")


class Rule(PackModel):
    """One line of the dispatch catalogue; `lead` is a unit id, `station` or `town`."""

    id: Code
    match: Match = Match()
    lead: Code
    assisting: tuple[Code, ...] = ()
    limits: Code | None = Field(None, description="a preset that differs from the catalogue's own")


class Year(PackModel):
    """The days of a year that differ from an ordinary week: holidays and make-up working days."""

    announced: bool = Field(True, description="false: make-up working days are not published yet")
    rest: tuple[date, ...]
    work: tuple[date, ...] = ()


class ListLevel(PackModel):
    """A list of projects at a level of divisions (三级清单)."""

    level: Words
    name: Text


class VillageFund(PackModel):
    """The money that each village may spend on small matters in a year."""

    amount_per_year: Annotated[int, Field(gt=0)]
    currency: Annotated[str, Field(pattern="^[A-Z]{3}$")]
    source: Words


class HotSpotRules(PackModel):
    """When demands about the same matter are a hot spot (共性需求). The defaults are our choice, measured on real
    messages with `python -m tests.bench.common_demands`: in a sample, four of five reported hot spots were true."""

    least: Annotated[int, Field(ge=3, le=1000, description="demands")] = 5
    within_days: Annotated[int, Field(ge=1, le=60)] = 14
    likeness: Annotated[float, Field(ge=0.1, le=0.9, description="how similar their texts must be")] = 0.3
