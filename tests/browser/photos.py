"""Pictures as telephones take them, for the fields in which people choose photos."""

from functools import lru_cache
from io import BytesIO
from pathlib import Path

from PIL import Image
from playwright.async_api import FilePayload

UNREADABLE_SIZE = 4_000_000


@lru_cache
def photo(width: int, height: int) -> FilePayload:
    """A photo of this many pixels. Of 2600 × 400 it has a megabyte: the page makes it smaller before it is sent."""
    jpeg = BytesIO()
    Image.effect_noise((width, height), 90).convert("RGB").save(jpeg, "JPEG", quality=95)
    return {"name": "路灯.jpg", "mimeType": "image/jpeg", "buffer": jpeg.getvalue()}


def unreadable_photo(folder: Path) -> Path:
    """The file of a photo that the browser cannot make smaller. The browser reads it from the disk itself: to hand over
    nine of them as bytes takes many seconds."""
    path = folder / "photo.heic"
    with path.open("wb") as file:
        file.truncate(UNREADABLE_SIZE)
    return path
