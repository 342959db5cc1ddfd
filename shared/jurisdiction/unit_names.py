"""The names of units."""

from shared.jurisdiction.pack import Pack


def unit_name(pack: Pack | None, unit: str) -> str:
    """The name of a unit; its id if the pack does not know it."""
    known_unit = pack.unit(unit) if pack else None
    return known_unit.name if known_unit else unit
