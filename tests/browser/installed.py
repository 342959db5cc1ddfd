"""Finds the browser of this machine: the system's Chromium, or the one that Playwright fetched for itself."""

import os
import shutil
from pathlib import Path
from typing import Final

from playwright.async_api import Browser, Playwright

NAMES: Final = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
REQUIRED: Final = "HUYING_TEST_BROWSER"
"""Set by .ci/run to `required`: a missing browser is then a failure. Any other value is the path of a browser."""
# Browsers refuse their sandbox to root; and these tests reach nothing but this machine.
ARGUMENTS: Final = ("--no-sandbox", "--no-proxy-server")
MISSING: Final = (
    "no browser on this machine: on Debian `apt-get install chromium fonts-noto-cjk`, elsewhere"
    " `.venv/bin/playwright install chromium`"
)


def is_required() -> bool:
    """Whether these tests must not be left out."""
    return os.environ.get(REQUIRED) == "required"


async def launched(playwright: Playwright) -> Browser | None:
    """A running browser, or none where this machine has none."""
    given = os.environ.get(REQUIRED, "")
    found = next(filter(None, map(shutil.which, NAMES)), None) if given in ("", "required") else given
    path = found or playwright.chromium.executable_path
    if not Path(path).exists():
        return None
    return await playwright.chromium.launch(executable_path=path, args=list(ARGUMENTS))
