"""Every moment has its words, in both languages."""

from string import Formatter

import pytest

from shared.contracts.catalogue import FACTS
from shared.jurisdiction.jurisdictions import Jurisdictions
from shared.jurisdiction.notices import Notice
from shared.jurisdiction.pack import Pack
from shared.jurisdiction.profile import Language


def test_every_message_tells_a_fact_of_the_contracts() -> None:
    told = {f"demand.{notice}" for notice in Notice}
    assert told <= {kind.type for kind in FACTS.values()}


def test_a_resolved_demand_asks_its_citizen_for_a_rating(nanhai: Pack) -> None:
    values = {"number": "NH-7", "result": "路面已修复", "rating_url": "https://nh.example/r/7"}
    assert nanhai.message(Notice.RESOLVED, "zh", values) == (
        "诉求NH-7已办结：路面已修复。请您评价：https://nh.example/r/7"
    )


def test_words_of_a_citizen_are_never_read_as_a_place_to_fill(nanhai: Pack) -> None:
    values = {"number": "NH-7", "note": "{rating_url} {0} {"}
    assert nanhai.message(Notice.PROGRESSED, "zh", values).endswith("{rating_url} {0} {")


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_pack_can_tell_every_moment(jurisdictions: Jurisdictions, language: Language) -> None:
    for pack in jurisdictions:
        for notice in Notice:
            assert "NH-7" in pack.message(notice, language, {"number": "NH-7"})


def test_both_languages_of_a_message_say_the_same_things(jurisdictions: Jurisdictions) -> None:
    for pack in jurisdictions:
        for notice, text in pack.templates.items():
            assert _filled(text.zh) == _filled(text.en), (pack.id, notice)


def _filled(words: str) -> set[str | None]:
    return {name for _, name, _, _ in Formatter().parse(words)} - {None}
