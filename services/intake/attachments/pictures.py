"""Makes a picture anew from its pixels, upright, so that no other data of the file is kept."""

import struct
import zlib
from contextlib import suppress
from io import BytesIO
from typing import Final

from PIL import Image, ImageOps

from services.intake.attachments.kinds import Accepted, wrong

_UNREADABLE: Final = (OSError, ValueError, SyntaxError, EOFError, IndexError, KeyError, struct.error, zlib.error)
_PLAIN_MODES: Final = ("L", "RGB", "RGBA")
_SAVED: Final = {
    "image/jpeg": ("JPEG", {"quality": 85}),
    "image/png": ("PNG", {}),
    "image/webp": ("WEBP", {"quality": 85}),
}


def redrawn_picture(content: bytes, kind: Accepted, max_pixels: int) -> bytes:
    """The first frame without metadata; raises `Refused` if the picture is damaged or has more than `max_pixels`."""
    try:
        with Image.open(BytesIO(content), formats=[str(kind.decoder)]) as opened:
            _bounded(opened.size, max_pixels)
            return _saved(_plain(opened), kind.media_type)
    except Image.DecompressionBombError:
        raise _too_many_pixels(max_pixels) from None
    except _UNREADABLE:
        name = kind.name
        raise wrong(
            f"this {name} is damaged: open it, save it again and send that", "图片已损坏，请重新保存后再上传"
        ) from None


def _bounded(size: tuple[int, int], max_pixels: int) -> None:
    if size[0] * size[1] > max_pixels:
        raise _too_many_pixels(max_pixels)


def _too_many_pixels(max_pixels: int) -> Exception:
    millions = max_pixels / 1_000_000
    return wrong(
        f"a picture may have {millions:g} million pixels at most: send it smaller",
        f"图片不得超过 {millions * 100:g} 万像素，请缩小后再上传",
    )


def _plain(opened: Image.Image) -> Image.Image:
    opened.load()
    _read_exif(opened)
    upright = ImageOps.exif_transpose(opened)
    if upright.mode.startswith("I"):
        # A plain conversion would cut all values above 255, which are nearly all.
        upright = upright.point(lambda grey: grey * (1 / 256)).convert("L")
    if upright.mode not in _PLAIN_MODES:
        upright = upright.convert("RGBA" if upright.has_transparency_data else "RGB")
    return upright


def _read_exif(opened: Image.Image) -> None:
    """Read the orientation, then drop EXIF, because Pillow would write it again, and fails at irregular EXIF."""
    with suppress(*_UNREADABLE, TypeError):
        opened.getexif()
    for name in ("exif", "Raw profile type exif"):
        opened.info.pop(name, None)


def _saved(picture: Image.Image, media_type: str) -> bytes:
    # Otherwise encoders write comments, profiles and texts from `info`.
    picture.info = {}
    name, options = _SAVED[media_type]
    buffer = BytesIO()
    picture.save(buffer, name, **options)
    return buffer.getvalue()
