"""The tree of divisions with their stations, towns and teams."""

from collections.abc import Iterable

from shared.jurisdiction.parts import Division, Team, Unit, UnitKind
from shared.jurisdiction.tree import Tree


class DivisionTree(Tree[Division]):
    """A tree of divisions that also finds the nearest unit on the way up."""

    def __init__(self, divisions: Iterable[Division], units: Iterable[Unit], teams: Iterable[Team]) -> None:
        super().__init__(divisions)
        listed = tuple(units)
        self._units = {unit.id: unit for unit in listed}
        self._standing = {(unit.division_code, unit.kind): unit for unit in listed}
        self._teams = {team.village: team for team in teams}

    def unit(self, unit_id: str) -> Unit | None:
        return self._units.get(unit_id)

    def station_of(self, code: str) -> Unit | None:
        """The station of a village; for a division that is larger than a village, its town."""
        return self._standing.get((code, UnitKind.STATION)) or self.town_of(code)

    def town_of(self, code: str) -> Unit | None:
        here = (self._standing.get((place, UnitKind.TOWN)) for place in self.ancestors(code))
        return next((unit for unit in here if unit), None)

    def team_of(self, code: str) -> Team | None:
        return self._teams.get(code)
