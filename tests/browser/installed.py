"""Finds the browser of this machine: the system's Chromium, or the one that Playwright fetched for itself."""

import os
import shutil
from pathlib import Path
from typing import Final

from playwright.async_api import Browser, Playwright

NAMES: Final = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
WITHOUT_WINDOW: Final = "chromium-headless-shell"
"""Chromium without a window of its own: it takes a third less processor time, but has no background sync."""
REQUIRED: Final = "HUYING_TEST_BROWSER"
"""Set by .ci/run to `required`: a missing browser is then a failure. Any other value is the path of a browser."""
# Browsers refuse their sandbox to root; and these tests reach nothing but this machine.
SWITCHES: Final = ("--no-sandbox", "--no-proxy-server")
OFF_FOR_TESTS: Final = ("WebUIOmniboxPopup", "WebUIOmniboxAimPopup", "SpareRendererForSitePerProcess")
"""Features of Chromium that no page has to do with. For each new window it would load two pages for its address bar and
start a process that may be needed later, which takes more processor time than most of the tests' own pages."""
OFF_IN_PLAYWRIGHT: Final = (
    "AvoidUnnecessaryBeforeUnloadCheckSync",
    "DestroyProfileOnBrowserClose",
    "HttpsUpgrades",
    "HttpsFirstBalancedModeAutoEnable",
    "LensOverlay",
    "MediaRouter",
    "PaintHolding",
    "ThirdPartyStoragePartitioning",
    "AvoidCorsURLLoaderRestartOnRedirect",
    "TcpPortRandomizationWin",
    "OptimizationHints",
    "NetworkTimeServiceQuerying",
    "AimEnabled",
    "PreconnectToSearch",
)
"""The features that Playwright turns off, repeated here: Chromium reads only the last list that it is given."""
MISSING: Final = (
    "no browser on this machine: on Debian `apt-get install chromium fonts-noto-cjk`, elsewhere"
    " `.venv/bin/playwright install chromium`"
)


def is_required() -> bool:
    """Whether these tests must not be left out."""
    return os.environ.get(REQUIRED) == "required"


def _path(playwright: Playwright, with_window: bool) -> str:
    """The browser to start; `with_window`: the one that people have, not the one without a window."""
    setting = os.environ.get(REQUIRED, "")
    if setting not in ("", "required"):
        return setting
    names = NAMES if with_window else (WITHOUT_WINDOW, *NAMES)
    return next(filter(None, map(shutil.which, names)), None) or playwright.chromium.executable_path


async def launched(playwright: Playwright, with_window: bool) -> Browser | None:
    """A running browser, or none where this machine has none."""
    path = _path(playwright, with_window)
    if not Path(path).exists():
        return None
    features_off = f"--disable-features={','.join((*OFF_IN_PLAYWRIGHT, *OFF_FOR_TESTS))}"
    return await playwright.chromium.launch(executable_path=path, args=[*SWITCHES, features_off])
