"""Dispatchers find cases in their list, send one by choosing its category, and send many at once."""

import re
from collections.abc import AsyncIterator

import pytest

from tests.city import CLERK, DISPATCHER, STATION, City
from tests.routing.visitor import Visitor, visitor, words_of

PATH = "/desk/triage"


@pytest.fixture
async def dispatcher(city: City) -> AsyncIterator[Visitor]:
    """A dispatcher of the coordinator, signed in."""
    async with visitor(city, DISPATCHER) as opened:
        yield opened


async def test_a_case_is_sent_by_its_category_from_the_list(city: City, dispatcher: Visitor):
    case = await city.raises(category=None)
    answer = await dispatcher.send(PATH, f"/desk/cases/{case}/reclassify", category="road-damage")
    assert (answer.url.path, answer.status_code) == (PATH, 200), "the next case is wanted, not this one"
    demand = await city.demand(case)
    assert (demand.status, demand.unit, demand.category) == ("routed", STATION, "road-damage")
    assert "桂一社区驻点直联工作站" in words_of(answer.text), "the list says where the case went"


async def test_many_cases_are_sent_at_once(city: City, dispatcher: Visitor):
    first, second = await city.raises(category=None), await city.raises(category=None)
    assert (await dispatcher.open(f"{PATH}?tick=all")).text.count('form="many" checked') == 2
    sent = await dispatcher.send(PATH, f"{PATH}/many", by="unit", number=[first, second], unit="nh-education")
    assert sent.status_code == 200
    assert words_of(sent.text).count("已派给南海区教育局") == 2
    assert [(await city.demand(case)).unit for case in (first, second)] == ["nh-education"] * 2
    first, second = await city.raises(category=None), await city.raises(category=None)
    sent = await dispatcher.send(PATH, f"{PATH}/many", by="category", number=[first, second], category="road-damage")
    assert words_of(sent.text).count("类别已改为道路破损") == 2
    assert [(await city.demand(case)).status for case in (first, second)] == ["routed"] * 2


@pytest.mark.parametrize("form", [{"by": "unit", "unit": "nh-education"}, {"by": "unit", "number": "NH26-000001-4"}])
async def test_nothing_is_sent_without_cases_or_without_a_unit(city: City, dispatcher: Visitor, form: dict[str, str]):
    await city.raises(category=None)
    await city.raises(category=None)
    refused = await dispatcher.send(PATH, f"{PATH}/many", **form)
    assert refused.status_code == 422
    assert "请先勾选诉求" in refused.text


async def test_only_dispatchers_send_many_at_once(city: City):
    case = await city.raises(category=None)
    async with visitor(city, CLERK) as clerk:
        hidden = await clerk.hidden("/desk", "/sign-out")
        tried = await clerk.client.post(f"{PATH}/many", data=hidden | {"by": "unit", "unit": STATION, "number": case})
    assert "已派给" not in tried.text
    assert (await city.demand(case)).status == "triage"


async def test_the_list_is_searched(city: City, dispatcher: Visitor):
    lamp = await city.raises(category=None, title="三巷的灯不亮")
    road = await city.raises(category=None, title="村口的路塌了")
    page = (await dispatcher.client.get(PATH, params={"text": "三巷"})).text
    assert lamp in page
    assert road not in page
    (action,) = set(re.findall(rf'action="(/desk/cases/{lamp}/route[^"]*)"', page))
    assert "text%3D" in action, "the search stays after the decision"
