"""The draft of a pack: its parsed files with the line of each row, before the checks across files."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from pydantic import Field

from shared.contracts.codes import Code
from shared.jurisdiction.documents import Loc, YamlDocument
from shared.jurisdiction.limits import LimitPreset
from shared.jurisdiction.notices import Templates
from shared.jurisdiction.parts import (
    Category,
    Division,
    PackModel,
    Rule,
    Team,
    Unit,
    Weekday,
    Words,
    Year,
)
from shared.jurisdiction.problems import FileLine
from shared.jurisdiction.profile import Profile

P = TypeVar("P", bound=PackModel)


@dataclass(frozen=True, slots=True)
class PackRow(Generic[P]):
    """One row of a CSV file, or one item of a YAML list, with its line."""

    spot: FileLine
    part: P


@dataclass(frozen=True)
class PackSheet(Generic[P]):
    """One YAML file, parsed into its model."""

    document: YamlDocument
    part: P

    def spot(self, loc: Loc = ()) -> FileLine:
        return self.document.spot(loc)


class CategoriesFile(PackModel):
    """`categories.yaml`."""

    categories: tuple[Category, ...] = Field(min_length=1)


class CatalogueFile(PackModel):
    """`catalogue.yaml`; `limits` is the preset of rules that name none."""

    limits: Code | None
    rules: tuple[Rule, ...]


class LimitsFile(PackModel):
    """`limits.yaml`."""

    presets: Mapping[Code, LimitPreset]


class HolidaysFile(PackModel):
    """`holidays.yaml`."""

    source: Words
    weekly_rest: tuple[Weekday, ...]
    years: Mapping[int, Year] = Field(min_length=1)


class TemplatesFile(PackModel):
    """`templates.yaml`."""

    templates: Templates


@dataclass(frozen=True)
class PackFiles:
    """All files of a pack, for the checks to compare."""

    profile: PackSheet[Profile]
    divisions: list[PackRow[Division]]
    units: list[PackRow[Unit]]
    teams: list[PackRow[Team]]
    categories: PackSheet[CategoriesFile]
    catalogue: PackSheet[CatalogueFile]
    limits: PackSheet[LimitsFile]
    holidays: PackSheet[HolidaysFile]
    templates: PackSheet[TemplatesFile]

    def category_rows(self) -> list[PackRow[Category]]:
        numbered = enumerate(self.categories.part.categories)
        return [PackRow(self.categories.spot(("categories", at)), category) for at, category in numbered]
