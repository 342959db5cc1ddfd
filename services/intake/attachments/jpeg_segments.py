"""Removes the segments of a JPEG that describe the camera, for pictures within documents; the pixels do not change.

Rule: ITU-T T.81, annex B: markers, each but the last with its length, up to the start of the scan.
"""

from typing import Final

_START, _SCAN, _COMMENT = 0xD8, 0xDA, 0xFE
# JFIF and Adobe: they define the colours. The other application segments hold EXIF, XMP, profiles and thumbnails.
_KEPT: Final = (0xE0, 0xEE)


def bare(picture: bytes) -> bytes:
    """The picture without these segments; unchanged if it cannot be parsed as a JPEG."""
    if picture[:2] != bytes((0xFF, _START)):
        return picture
    segments, at = [picture[:2]], 2
    while at + 4 <= len(picture) and picture[at] == 0xFF:
        marker, size = picture[at + 1], 2 + int.from_bytes(picture[at + 2 : at + 4], "big")
        if marker == _SCAN:
            return b"".join((*segments, picture[at:]))
        if not _tells(marker):
            segments.append(picture[at : at + size])
        at += size
    return picture


def _tells(marker: int) -> bool:
    return marker == _COMMENT or (0xE0 <= marker <= 0xEF and marker not in _KEPT)
