"""Texts of messages, in both languages."""

import re
from string import Formatter

import pytest

from shared.contracts.event_types import FACTS
from shared.jurisdiction.jurisdictions import Jurisdictions
from shared.jurisdiction.notices import USUAL, Notice
from shared.jurisdiction.pack import Pack
from shared.jurisdiction.profile import Language


def test_every_message_is_about_a_fact_of_the_contracts() -> None:
    facts = {notice.fact for notice in Notice if notice.fact}
    assert facts <= {kind.type for kind in FACTS.values()}


def test_a_resolved_demand_asks_its_citizen_for_a_rating(nanhai: Pack) -> None:
    values = {"number": "NH-7", "result": "路面已修复", "rating_url": "https://nh.example/r/7"}
    assert nanhai.message(Notice.RESOLVED, "zh", values) == (
        "您的诉求NH-7已有答复：路面已修复。查看全文并评价：https://nh.example/r/7"
    )


def test_a_citizens_text_is_never_read_as_a_placeholder(nanhai: Pack) -> None:
    values = {"number": "NH-7", "note": "{rating_url} {0} { [x]", "url": "https://nh.example/f/7"}
    assert "：{rating_url} {0} { [x]。" in nanhai.message(Notice.PROGRESSED, "zh", values)


def test_an_unknown_value_is_left_out_with_the_text_around_it(nanhai: Pack) -> None:
    values = {"number": "NH-7", "unit": "城管", "due": "2021-05-25"}
    assert nanhai.message(Notice.ROUTED, "zh", values) == "您的诉求NH-7已交由城管办理，2021-05-25前答复。"
    assert nanhai.message(Notice.ROUTED, "zh", values | {"due": ""}) == "您的诉求NH-7已交由城管办理。"


@pytest.mark.parametrize("language", ["zh", "en"])
def test_no_message_reads_badly_when_nothing_but_the_number_is_known(
    jurisdictions: Jurisdictions, language: Language
) -> None:
    values = {
        "number": "NH-7",
        "unit": "U",
        "due": "2021-05-25",
        "parent_number": "NH-6",
        "url": "u",
        "rating_url": "r",
    }
    for pack in jurisdictions:
        for notice in Notice:
            words = pack.message(notice, language, values)
            assert not re.search(r"[\[\]{}]|[：:，,][。，,.]|。。|\.\.|None", words), words


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_message_is_short_enough_for_two_text_messages_beside_its_link(
    jurisdictions: Jurisdictions, language: Language
) -> None:
    values = {"number": "NH21-001335-K", "unit": "桂城街道综合行政执法办公室", "due": "2021-05-25",
             "parent_number": "NH21-001336-7"}  # fmt: skip
    for pack in jurisdictions:
        for notice in Notice:
            assert len(pack.message(notice, language, values)) <= (67 if language == "zh" else 153), notice


@pytest.mark.parametrize("language", ["zh", "en"])
def test_no_message_has_internal_terms_of_offices(jurisdictions: Jurisdictions, language: Language) -> None:
    for pack in jurisdictions:
        for notice in Notice:
            words = pack.message(notice, language, {"number": "NH-7"})
            assert not re.search("派单|签收|研判|挂账|督办|三级清单|dispatch|triage", words), words


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_pack_has_every_message(jurisdictions: Jurisdictions, language: Language) -> None:
    for pack in jurisdictions:
        for notice in Notice:
            assert "NH-7" in pack.message(notice, language, {"number": "NH-7"})


def test_both_languages_of_a_message_have_the_same_values(jurisdictions: Jurisdictions) -> None:
    for pack in jurisdictions:
        for notice, text in (USUAL | pack.templates).items():
            assert _filled(text.zh) == _filled(text.en), (pack.id, notice)


def _filled(words: str) -> set[str | None]:
    return {name for _, name, _, _ in Formatter().parse(words)} - {None}


def test_no_message_to_citizens_has_a_word_that_only_offices_use(jurisdictions: Jurisdictions) -> None:
    values = {"number": "NH-7", "unit": "U", "due": "5月25日", "parent_number": "NH-6", "url": "u", "rating_url": "r"}
    for pack in jurisdictions:
        for notice in (notice for notice in Notice if not notice.is_for_staff and notice is not Notice.DIGEST):
            words = pack.message(notice, "zh", values)
            assert not re.search("附议|计时|派单|签收|退单|挂账|重办|办结", words), words
