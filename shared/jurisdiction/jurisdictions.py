"""The packs that a process serves, found by their id or by a division."""

from collections.abc import Iterable, Iterator
from datetime import datetime

from shared.jurisdiction.pack import Pack


class Jurisdictions:
    """The served packs. Codes of divisions and ids of units are unique over all packs; the loader checks this."""

    def __init__(self, packs: Iterable[Pack]) -> None:
        self._packs = {pack.id: pack for pack in packs}
        self._home = {division.code: pack for pack in self for division in pack.divisions}
        self._employer = {unit.id: pack for pack in self for unit in pack.units}

    def __iter__(self) -> Iterator[Pack]:
        return iter(self._packs.values())

    def __len__(self) -> int:
        return len(self._packs)

    def get(self, pack_id: str) -> Pack | None:
        return self._packs.get(pack_id)

    def of_division(self, code: str) -> Pack | None:
        return self._home.get(code)

    def of_unit(self, unit: str) -> Pack | None:
        return self._employer.get(unit)

    def at(self, moment: datetime) -> "Jurisdictions":
        """The packs as they are in force at a time; packs from files are always in force."""
        return self

    def coordinated_by(self, unit: str) -> Pack | None:
        """The pack of which this unit is the coordinator."""
        return next((pack for pack in self if pack.coordinator == unit), None)
