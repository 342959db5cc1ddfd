"""A page leads back to the list that it was opened from, and never out of this site."""

import pytest

from shared.web.way_back import way_back


def test_the_list_comes_back_as_it_was_narrowed():
    assert way_back("/desk/done?text=a+b&month=2026-11", "/desk", "zh") == "/desk/done?text=a+b&month=2026-11"


def test_it_comes_back_in_the_language_of_the_page():
    assert way_back("/desk?list=mine", "/desk", "en") == "/desk?list=mine&lang=en"
    assert way_back("/desk?list=mine&lang=en", "/desk", "zh") == "/desk?list=mine"


@pytest.mark.parametrize(
    "back", ["", "https://evil.example/desk", "//evil.example/desk", "/deskless", "/board", "/desk/../ops", "/desk\n"]
)
def test_what_leads_elsewhere_leads_home(back: str):
    assert way_back(back, "/desk", "zh") == "/desk"
