"""The dispatch catalogue finds the responsible unit, as the article describes."""

import pytest

from shared.contracts.demand.facts import RequestKind
from shared.jurisdiction.catalogue import Assignment, Unclear, Undecided
from shared.jurisdiction.pack import Pack

DIER = "440605011004"  # 叠二社区, where the broken road of the article was mended
GUICHENG = "440605011000"
LISHUI_HEFENG = "440605126222"  # 鹤峰村, which asked for a shelter at the school bus stop
HUANGQI_IN_DALI = "440605125002"
NANHAI = "440605000000"


def routed(pack: Pack, division: str, category: str, kind: RequestKind = RequestKind.HELP) -> Assignment:
    routing = pack.route(division, category, kind)
    assert isinstance(routing, Assignment), routing
    return routing


def left_open(pack: Pack, division: str, category: str | None) -> Undecided:
    routing = pack.route(division, category, RequestKind.HELP)
    assert isinstance(routing, Undecided), routing
    return routing


def test_a_broken_road_goes_to_the_station_of_its_village_with_town_and_team(nanhai: Pack) -> None:
    assert routed(nanhai, DIER, "road-damage") == Assignment(
        rule_id="road-damage",
        lead_unit=f"station-{DIER}",
        assisting=(f"town-{GUICHENG}", "nh-transport"),
        team=f"team-{DIER}",
        limit_days=10,
        limit_source="guangdong-2022",
    )


def test_a_shelter_for_the_school_bus_goes_to_the_village(nanhai: Pack) -> None:
    routing = routed(nanhai, LISHUI_HEFENG, "school-transport", RequestKind.SUGGESTION)
    assert routing.lead_unit == f"station-{LISHUI_HEFENG}"
    assert routing.assisting == ("nh-education", "nh-transport")


def test_a_place_known_only_as_a_town_is_led_by_the_town_and_has_no_team(nanhai: Pack) -> None:
    routing = routed(nanhai, GUICHENG, "road-damage")
    assert routing.lead_unit == f"town-{GUICHENG}"
    assert routing.assisting == ("nh-transport",), "a unit does not assist itself"
    assert routing.team is None


def test_a_rule_for_one_town_comes_before_the_rule_for_all(nanhai: Pack) -> None:
    assert routed(nanhai, HUANGQI_IN_DALI, "gas").rule_id == "gas-dali"
    assert routed(nanhai, DIER, "gas").rule_id == "gas"


def test_a_question_about_a_lift_goes_to_the_service_centre_and_a_request_to_the_station(
    nanhai: Pack,
) -> None:
    assert routed(nanhai, DIER, "lift", RequestKind.CONSULT).lead_unit == "nh-housing-water"
    assert routed(nanhai, DIER, "lift", RequestKind.HELP).lead_unit == f"station-{DIER}"


def test_a_rule_for_a_category_covers_its_subcategories(nanhai: Pack) -> None:
    assert routed(nanhai, DIER, "after-school").rule_id == "education"


@pytest.mark.parametrize(
    ("kind", "days"),
    [
        (RequestKind.CONSULT, 2),
        (RequestKind.HELP, 10),
        (RequestKind.SUGGESTION, 10),
        (RequestKind.COMPLAINT, 15),
        (RequestKind.REPORT, 15),
    ],
)
def test_each_kind_of_request_has_the_limit_of_guangdong(nanhai: Pack, kind: RequestKind, days: int) -> None:
    routing = routed(nanhai, DIER, "noise", kind)
    assert (routing.limit_days, routing.limit_source) == (days, "guangdong-2022")


def test_a_demand_without_category_waits_for_a_dispatcher_who_sees_the_nearest_units(nanhai: Pack) -> None:
    assert left_open(nanhai, DIER, None) == Undecided(
        reason=Unclear.NO_CATEGORY,
        suggestions=(f"station-{DIER}", f"town-{GUICHENG}", "nh-coordinator"),
    )


@pytest.mark.parametrize(
    ("division", "category", "reason"),
    [
        (DIER, "other", Unclear.NO_RULE),
        (DIER, "no-such-category", Unclear.UNKNOWN_CATEGORY),
        ("999999999999", "noise", Unclear.UNKNOWN_PLACE),
        (NANHAI, "road-damage", Unclear.PLACE_TOO_WIDE),
    ],
)
def test_a_demand_without_a_deciding_rule_says_why(nanhai: Pack, division: str, category: str, reason: Unclear) -> None:
    undecided = left_open(nanhai, division, category)
    assert undecided.reason is reason
    assert undecided.suggestions[-1] == "nh-coordinator"


def test_every_category_is_routed_in_every_village_unless_it_is_left_to_a_dispatcher(nanhai: Pack) -> None:
    villages = [division.code for division in nanhai.divisions if division.level == "village"]
    for category in nanhai.leaf_categories:
        for village in villages:
            routing = nanhai.route(village, category.code, RequestKind.HELP)
            assert isinstance(routing, Undecided) is category.triage, (village, category.code)
