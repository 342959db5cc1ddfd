"""Lists the units of packs with their divisions and the units above them, and searches them by words."""

import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from shared.jurisdiction.pack import Pack
from shared.jurisdiction.parts import UnitKind


@dataclass(frozen=True, slots=True)
class ListedUnit:
    """A unit with its division; `above` is the next unit above it, None for the coordinator."""

    jurisdiction: str
    id: str
    name: str
    kind: UnitKind
    level: str
    division: str
    division_name: str
    above: str | None
    above_name: str | None


def listed_units(packs: Iterable[Pack], text: str = "") -> Iterator[ListedUnit]:
    """The units in the order of their packs' files; with `text`, only those whose id, name or division contains every
    word of it."""
    words = _plain(text).split()
    for pack in packs:
        for unit in pack.units:
            division = pack.division(unit.division_code)
            place = division.name if division else ""
            if all(word in _plain(f"{unit.id} {unit.name} {unit.division_code} {place}") for word in words):
                above = next((pack.unit(over) for over in pack.units_above(unit.id)), None)
                yield ListedUnit(
                    pack.id, unit.id, unit.name, unit.kind, unit.level, unit.division_code, place,
                    above.id if above else None, above.name if above else None,
                )  # fmt: skip


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()
