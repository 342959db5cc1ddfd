"""The rows that a jurisdiction pack is made of, exactly as its files spell them."""

from datetime import date
from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import BaseModel, ConfigDict, Field

from shared.contracts.codes import Code
from shared.contracts.demand.facts import RequestKind

Words = Annotated[str, Field(min_length=1)]
Days = Annotated[int, Field(ge=1)]

STATION, TOWN = "station", "town"


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
    """What a rule asks of a demand; a parent code stands for everything below it."""

    category: Code | None = None
    division: Code | None = None
    kind: RequestKind | None = None


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
