"""The hierarchy of units: which units are above which, according to their divisions."""

from collections.abc import Iterable

from shared.jurisdiction.parts import Unit, UnitKind
from shared.jurisdiction.places import DivisionTree


class Hierarchy:
    """The units above each unit, computed once."""

    def __init__(self, units: Iterable[Unit], places: DivisionTree, coordinator: str) -> None:
        listed = tuple(units)
        over = tuple(unit for unit in listed if unit.kind is not UnitKind.DEPARTMENT and unit.id != coordinator)
        by_place: dict[str, list[Unit]] = {}
        for unit in over:
            by_place.setdefault(unit.division_code, []).append(unit)
        self._above = {unit.id: self._way_up(unit, by_place, places, coordinator) for unit in listed}

    def above(self, unit_id: str) -> tuple[str, ...]:
        """The ids of the units above a unit, nearest first, coordinator last; empty for the coordinator itself."""
        return self._above.get(unit_id, ())

    @staticmethod
    def _way_up(unit: Unit, by_place: dict[str, list[Unit]], places: DivisionTree, coordinator: str) -> tuple[str, ...]:
        if unit.id == coordinator:
            return ()
        path = places.ancestors(unit.division_code)
        # A department of a town is below the town's own unit, which is in the same division.
        path = path if unit.kind is UnitKind.DEPARTMENT else path[1:]
        return (*(over.id for place in path for over in by_place.get(place, ()) if over.id != unit.id), coordinator)
