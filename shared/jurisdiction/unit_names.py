"""What units are called."""

from shared.jurisdiction.pack import Pack


def unit_name(pack: Pack | None, unit: str) -> str:
    """What people call a unit; its id where no pack knows it."""
    known = pack.unit(unit) if pack else None
    return known.name if known else unit
