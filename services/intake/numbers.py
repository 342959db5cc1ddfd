"""Demand numbers: short enough for the telephone, with a character that catches slips.

Rule: ISO 7064 Mod 37,36 over letters and digits; it finds every single wrong character and every swap of neighbours.
"""

import re
import unicodedata

from stdnum.iso7064 import mod_37_36

from shared.contracts.refusals import Code, Refused

_SHAPE = re.compile(r"^([A-Z]{2}\d{2})(\d{6,})([0-9A-Z])$")


def number(prefix: str, year: int, serial: int) -> str:
    """Such as `NH21-001335-K`: jurisdiction, year, serial, check character."""
    head, tail = f"{prefix}{year % 100:02d}", f"{serial:06d}"
    return f"{head}-{tail}-{mod_37_36.calc_check_digit(head + tail)}"


def canonical(written: str) -> str | None:
    """The number as it is stored, however it was typed; None when a character must be wrong."""
    plain = re.sub(r"[\s\-—]", "", unicodedata.normalize("NFKC", written)).upper()
    shape = _SHAPE.match(plain)
    if not shape or not mod_37_36.is_valid(plain):
        return None
    return "-".join(shape.groups())


def read_number(written: str) -> str:
    """The number as it is stored; raises `Refused` when a character must be wrong."""
    number = canonical(written)
    if number is None:
        raise Refused(
            Code.NOT_FOUND,
            f"{written!r} is no demand number: its check character does not fit. Look for a typing slip.",
            f"{written!r} 不是有效的诉求编号（校验位不符），请核对是否输错",
        )
    return number
