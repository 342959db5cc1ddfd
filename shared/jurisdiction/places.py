"""The divisions with who stands in them: stations, towns and teams."""

from collections.abc import Iterable

from shared.jurisdiction.parts import Division, Team, Unit, UnitKind
from shared.jurisdiction.tree import Tree


class Places(Tree[Division]):
    """A tree of divisions that also knows which unit is nearest, going up."""

    def __init__(self, divisions: Iterable[Division], units: Iterable[Unit], teams: Iterable[Team]) -> None:
        super().__init__(divisions)
        listed = tuple(units)
        self._units = {unit.id: unit for unit in listed}
        self._standing = {(unit.division_code, unit.kind): unit for unit in listed}
        self._teams = {team.village: team for team in teams}

    def unit(self, unit_id: str) -> Unit | None:
        return self._units.get(unit_id)

    def station_of(self, code: str) -> Unit | None:
        """The station of a village; where the place is wider than a village, its town."""
        return self._standing.get((code, UnitKind.STATION)) or self.town_of(code)

    def town_of(self, code: str) -> Unit | None:
        here = (self._standing.get((place, UnitKind.TOWN)) for place in self.ancestors(code))
        return next((unit for unit in here if unit), None)

    def unit_above(self, unit_id: str, coordinator: str) -> Unit | None:
        """The unit to which this one answers: of a village station its town, of a town or a department of the whole
        jurisdiction the coordinator; None for the coordinator and for a unit that is not known."""
        unit = self._units.get(unit_id)
        if unit is None or unit.id == coordinator:
            return None
        above = self.ancestors(unit.division_code)
        places = above[1:] if unit.kind is UnitKind.TOWN else above
        here = (self._standing.get((place, UnitKind.TOWN)) for place in places)
        return next((town for town in here if town), self._units.get(coordinator))

    def leader_of(self, unit_id: str, coordinator: str) -> str | None:
        """The leader who is linked to a unit (挂钩领导); where none is, of the units above it."""
        unit = self._units.get(unit_id)
        while unit is not None and unit.leader is None:
            unit = self.unit_above(unit.id, coordinator)
        return unit.leader if unit else None

    def team_of(self, code: str) -> Team | None:
        return self._teams.get(code)
