"""Work orders of the hotline as demands."""

from pathlib import Path
from typing import Any

import pytest

from services.intake.submission.domain import RecordedDemand
from shared.contracts.demand.facts import DemandClosed, DemandConfirmed, DemandRouted, Outcome
from shared.contracts.event_types import recorded
from tests.importing.conftest import read
from tests.importing.orders import csv_file, order


def demand(tmp_path: Path, **changes: Any) -> RecordedDemand:
    (good,), refused = read(csv_file(tmp_path / "o.csv", [order(1, **changes)]))
    assert not refused
    return good


def test_a_rated_order_gives_the_whole_history(tmp_path: Path):
    facts = [recorded(step) for step in demand(tmp_path).history]
    assert [fact.type.removeprefix("demand.") for fact in facts] == [
        "routed", "accepted", "resolved", "confirmed", "closed",
    ]  # fmt: skip
    assert isinstance(facts[0], DemandRouted)
    assert facts[0].unit == "town-440605126000"
    assert isinstance(facts[3], DemandConfirmed)
    assert (facts[3].rating, facts[3].solved) == (5, True)
    assert facts[4] == DemandClosed(outcome=Outcome.CONFIRMED)


def test_a_citizen_who_is_not_satisfied_ends_it_as_disputed(tmp_path: Path):
    facts = [recorded(step) for step in demand(tmp_path, 满意度="不满意", 是否解决="否").history]
    assert facts[-1] == DemandClosed(outcome=Outcome.DISPUTED)


def test_a_waiting_order_has_no_history(tmp_path: Path):
    parsed_demand = demand(tmp_path, 工单状态="待派单", 派单时间="", 承办单位="", 满意度="", 是否解决="")
    assert parsed_demand.history == ()


def test_a_contact_is_in_the_fields_for_the_vault(tmp_path: Path):
    parsed_demand = demand(tmp_path, 联系地址="里水镇某路 1 号")
    assert parsed_demand.contact
    assert parsed_demand.contact.model_dump() == {
        "name": "邹女士", "phone": "13800138000", "email": "", "address": "里水镇某路 1 号", "wechat": "",
    }  # fmt: skip
    without_contact = demand(tmp_path, 来电人="", 联系电话="")
    assert without_contact.contact is None


@pytest.mark.parametrize(
    ("town", "village", "code"),
    [
        ("里水镇", "", "440605126000"),
        ("里水", "", "440605126000"),
        ("", "", "440605000000"),
        ("440605126000", "440605126222", "440605126222"),
        ("", "桂一社区居委会", "440605011001"),
        ("桂城街道", "桂一社区", "440605011001"),
        ("桂城", "桂一", "440605011001"),
        ("西樵镇", "太平社区", "440605122016"),
        ("大沥", "太平社区居委会", "440605125029"),
        ("西樵", "西樵", "440605122006"),
        ("西樵镇", "西樵镇", "440605122000"),
    ],
)
def test_a_place_is_found_by_code_or_by_name(town: str, village: str, code: str, tmp_path: Path):
    assert demand(tmp_path, 所属镇街=town, 所属村社区=village).division == code


@pytest.mark.parametrize(
    "text",
    [
        "2021-03-01 09:30:00", "2021/03/01 09:30:00", "2021/3/1 9:30", "2021年3月1日 9:30", "20210301093000",
        "2021-03-01T01:30:00Z",
    ],
)  # fmt: skip
def test_a_time_is_read_in_every_format_of_the_hotline(text: str, tmp_path: Path):
    assert demand(tmp_path, 来电时间=text).occurred_at.isoformat() in (
        "2021-03-01T09:30:00+08:00",
        "2021-03-01T01:30:00+00:00",
    )


def test_a_step_keeps_the_order_of_its_declaration_so_that_a_later_import_knows_it(tmp_path: Path):
    routed, _, resolved, confirmed, _ = demand(tmp_path).history
    assert [list(step.data) for step in (routed, resolved, confirmed)] == [
        ["unit", "rule"], ["by", "result"], ["rating", "solved", "asked"],
    ]  # fmt: skip
