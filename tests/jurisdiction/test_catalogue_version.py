"""A catalogue's version is derived from its content, so that a fact says by which rules it was decided."""

from datetime import date

import pytest
from pydantic import AnyUrl

from shared.contracts.demand.facts import RequestKind
from shared.jurisdiction.catalogue import Assignment, Rulebook
from shared.jurisdiction.limits import LimitPreset
from shared.jurisdiction.parts import Match, Rule, Text
from tests.packs import nanhai

ROADS = Rule(id="roads", match=Match(category="road-damage"), lead="station", assisting=("town",))
NOISE = Rule(id="noise", lead="nh-police")
PRESET = LimitPreset(
    name=Text(zh="时限", en="Limits"),
    source="我们",
    url=AnyUrl("https://example.org/"),
    in_force=date(2022, 9, 1),
    working_days={RequestKind.HELP: 10, RequestKind.CONSULT: 2},
)
BOOK = Rulebook(rules=(ROADS, NOISE), limits={"a": PRESET, "b": PRESET}, usual_limits="a", coordinator="office")


def test_the_same_content_has_the_same_version_in_every_process_and_release():
    assert BOOK.version() == "2410e1f07dc2"


def test_the_order_of_unordered_values_does_not_matter():
    other = PRESET.model_copy(update={"working_days": {RequestKind.CONSULT: 2, RequestKind.HELP: 10}})
    assert BOOK.model_copy(update={"limits": {"b": other, "a": other}}).version() == BOOK.version()


@pytest.mark.parametrize(
    "change",
    [
        {"rules": (NOISE, ROADS)},
        {"rules": (ROADS,)},
        {"rules": (ROADS, NOISE.model_copy(update={"lead": "town"}))},
        {"limits": {"a": PRESET}},
        {"usual_limits": "b"},
        {"coordinator": "mayor"},
    ],
    ids=["order of rules", "fewer rules", "another lead", "fewer presets", "other usual limits", "coordinator"],
)
def test_everything_that_decides_is_part_of_the_version(change: dict[str, object]):
    assert BOOK.model_copy(update=change).version() != BOOK.version()


def test_a_fact_names_the_catalogue_its_version_and_the_rule():
    pack = nanhai()
    found = pack.route("440605011001", "road-damage", RequestKind.HELP)
    assert isinstance(found, Assignment)
    assert pack.rule(found) == f"nanhai@{pack.catalogue_version}:road-damage"
    assert len(pack.catalogue_version) == 12
