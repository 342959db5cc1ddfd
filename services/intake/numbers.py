"""Demand numbers: short enough for the telephone, with a character that catches slips.

Rule: ISO 7064 Mod 37,36 over letters and digits; it finds every single wrong character and every swap of neighbours.
"""

import re

from stdnum.iso7064 import mod_37_36

_SHAPE = re.compile(r"^([A-Z]{2}\d{2})(\d{6,})([0-9A-Z])$")


def number(prefix: str, year: int, serial: int) -> str:
    """Such as `NH21-001335-K`: jurisdiction, year, serial, check character."""
    head, tail = f"{prefix}{year % 100:02d}", f"{serial:06d}"
    return f"{head}-{tail}-{mod_37_36.calc_check_digit(head + tail)}"


def canonical(written: str) -> str | None:
    """The number as it is stored, however it was typed; None when a character must be wrong."""
    plain = re.sub(r"[\s\-－—]", "", written).upper()
    shape = _SHAPE.match(plain)
    if not shape or not mod_37_36.is_valid(plain):
        return None
    return "-".join(shape.groups())
