"""The limits that a device checks before sending fit those of the server."""

import re

import pytest

from services.intake.web import field_pages, raise_pages
from shared.web.assets import catalogue

MIB = 1_048_576


@pytest.mark.parametrize("larger", [field_pages.LARGER, raise_pages.LARGER], ids=["field", "raise"])
def test_the_photos_that_a_device_sends_at_once_fit_into_one_body_with_the_text(larger):
    script = catalogue()["device-store.js"].content.decode()
    together = re.search(r"TOGETHER = (\d+) \* 1_048_576;", script)
    assert together
    assert int(together[1]) * MIB <= larger.size - MIB
