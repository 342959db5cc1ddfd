"""Invented people for the demo sign-in of the embedded default: one of every role, at real units of the packs."""

from collections.abc import Iterator
from dataclasses import dataclass

from shared.identity.person import Person, Role
from shared.jurisdiction.jurisdictions import Jurisdictions
from shared.jurisdiction.pack import Pack
from shared.jurisdiction.parts import Unit, UnitKind


@dataclass(frozen=True, slots=True)
class DemoPerson:
    """A person whom the sign-in page offers; `id` is the value in its form."""

    id: str
    person: Person
    unit_name: str
    role: Role


def demo_people(packs: Jurisdictions) -> Iterator[DemoPerson]:
    """The people of every pack: at a village's station, its town, a department and the coordinator, if it has them."""
    for pack in packs:
        station = _first(pack, UnitKind.STATION)
        above = pack.units_above(station.id) if station else ()
        town = (pack.unit(above[0]) if len(above) > 1 else None) or _first(pack, UnitKind.TOWN)
        department, coordinator = _first(pack, UnitKind.DEPARTMENT), pack.unit(pack.coordinator)
        yield from _at(pack, station, ("陈晓岚", Role.CLERK), ("李志强", Role.HEAD))
        yield from _at(pack, town, ("黄文静", Role.CLERK), ("何国华", Role.HEAD), ("梁永康", Role.LEADER))
        yield from _at(pack, department, ("吴思敏", Role.CLERK), ("郑伟明", Role.HEAD))
        yield from _at(
            pack, coordinator, ("林嘉怡", Role.DISPATCHER), ("周建平", Role.LEADER), ("许静文", Role.AUDITOR),
            ("马俊杰", Role.ADMIN), ("罗小燕", Role.CALLER),
        )  # fmt: skip


def _first(pack: Pack, kind: UnitKind) -> Unit | None:
    return next((unit for unit in pack.units if unit.kind is kind), None)


def _at(pack: Pack, unit: Unit | None, *people: tuple[str, Role]) -> Iterator[DemoPerson]:
    for name, role in people if unit else ():
        assert unit
        # Staff who talk with citizens may look up their contacts.
        extra = {Role.PERSONAL_DATA} if role in (Role.CLERK, Role.DISPATCHER) else set()
        yield DemoPerson(f"{unit.id}-{role}", Person(name, unit.id, frozenset({role, *extra})), unit.name, role)
