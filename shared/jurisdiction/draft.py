"""The draft of a pack: its parsed files with the line of each row, before the checks across files."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from pydantic import Field

from shared.contracts.codes import Code
from shared.jurisdiction.documents import Document, Loc
from shared.jurisdiction.limits import LimitPreset
from shared.jurisdiction.notices import Templates
from shared.jurisdiction.parts import (
    Category,
    Division,
    Part,
    Rule,
    Team,
    Unit,
    Weekday,
    Words,
    Year,
)
from shared.jurisdiction.problems import Spot
from shared.jurisdiction.profile import Profile

P = TypeVar("P", bound=Part)


@dataclass(frozen=True, slots=True)
class Row(Generic[P]):
    """One row of a CSV file, or one item of a YAML list, with its line."""

    spot: Spot
    part: P


@dataclass(frozen=True)
class Sheet(Generic[P]):
    """One YAML file, parsed into its model."""

    document: Document
    part: P

    def spot(self, loc: Loc = ()) -> Spot:
        return self.document.spot(loc)


class CategoriesFile(Part):
    """`categories.yaml`."""

    categories: tuple[Category, ...] = Field(min_length=1)


class CatalogueFile(Part):
    """`catalogue.yaml`; `limits` is the preset of rules that name none."""

    limits: Code | None
    rules: tuple[Rule, ...]


class LimitsFile(Part):
    """`limits.yaml`."""

    presets: Mapping[Code, LimitPreset]


class HolidaysFile(Part):
    """`holidays.yaml`."""

    source: Words
    weekly_rest: tuple[Weekday, ...]
    years: Mapping[int, Year] = Field(min_length=1)


class TemplatesFile(Part):
    """`templates.yaml`."""

    templates: Templates


@dataclass(frozen=True)
class Draft:
    """All files of a pack, for the checks to compare."""

    profile: Sheet[Profile]
    divisions: list[Row[Division]]
    units: list[Row[Unit]]
    teams: list[Row[Team]]
    categories: Sheet[CategoriesFile]
    catalogue: Sheet[CatalogueFile]
    limits: Sheet[LimitsFile]
    holidays: Sheet[HolidaysFile]
    templates: Sheet[TemplatesFile]

    def category_rows(self) -> list[Row[Category]]:
        numbered = enumerate(self.categories.part.categories)
        return [Row(self.categories.spot(("categories", at)), category) for at, category in numbered]
