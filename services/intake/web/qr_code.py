"""Makes a QR code of a link as one SVG path, without any style."""

from typing import NamedTuple

import segno

QUIET = 4
"""The white border around a code, in modules. Rule: ISO/IEC 18004."""


class QrCode(NamedTuple):
    """`path` is the `d` of an SVG path, `size` the width of its square view box."""

    path: str
    size: int


def qr_code(link: str) -> QrCode:
    """The QR code of a link; a phone can read it even if a seventh of it is dirty."""
    code = segno.make_qr(link, error="m")
    rows = [bytes(row) for row in code.matrix]
    path = "".join(
        f"M{x + QUIET} {y + QUIET}h1v1h-1z" for y, row in enumerate(rows) for x, dark in enumerate(row) if dark
    )
    return QrCode(path, len(rows) + 2 * QUIET)
