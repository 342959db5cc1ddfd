"""The units of the overview under their towns: the sums of each town, and the units that it opens to."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from services.routing.cases.overview_queries import FIGURES, UnitLoad
from services.routing.web.viewer import Viewer
from shared.jurisdiction.pack import Pack


@dataclass(frozen=True, slots=True)
class UnitRow:
    """The figures of one unit, by name."""

    id: str
    name: str
    figures: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class TownRow:
    """The figures of a town with all units below it. If it is a single unit, it cannot be opened."""

    id: str
    name: str
    figures: Mapping[str, int]
    units: Sequence[UnitRow]

    @property
    def opens(self) -> bool:
        """Whether there is more below than the sums say."""
        return len(self.units) > 1 or self.units[0].id != self.id


def town_of(pack: Pack, unit: str, overseen: Collection[str]) -> str:
    """The unit right below the coordinator that this one belongs to. The unit itself if there is none between, or if
    that one is not among the `overseen`: whoever sees a part of a town is not shown a sum under the town's name."""
    above = pack.units_above(unit)
    return above[-2] if len(above) > 1 and above[-2] in overseen else unit


def units_of(viewer: Viewer, town: str) -> list[str]:
    """The units of a town that somebody looks after."""
    overseen = set(viewer.units_below)
    return [unit for unit in viewer.units_below if town_of(viewer.pack, unit, overseen) == town]


def towns(viewer: Viewer, loads: Sequence[UnitLoad]) -> list[TownRow]:
    """The towns with the most overdue cases first, and their units in the same order, as the loads are sorted."""
    below: dict[str, list[UnitLoad]] = {}
    overseen = set(viewer.units_below)
    for load in loads:
        below.setdefault(town_of(viewer.pack, load.unit, overseen), []).append(load)
    rows = [
        TownRow(
            town,
            viewer.unit_name(town),
            sums_of(of_town),
            [UnitRow(load.unit, viewer.unit_name(load.unit), sums_of([load])) for load in of_town],
        )
        for town, of_town in below.items()
    ]
    return sorted(rows, key=lambda row: (-row.figures["overdue"], -row.figures["open"], row.id))


def sums_of(loads: Sequence[UnitLoad]) -> dict[str, int]:
    """The sum of each figure over these units, by the figure's name."""
    return {name: sum(getattr(load, name) for load in loads) for name in FIGURES}
