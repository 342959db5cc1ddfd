"""Lists of the desk can be filtered by the days on which demands were raised or are due, and by category; which lists
have boxes to tick."""

import html
import re
from datetime import timedelta

import pytest

from shared.chassis.base.clock import now
from shared.contracts.demand import facts as f
from tests.browser.desks import sent
from tests.city import CLERK, PACK, STATION, TOWN, TOWN_CLERK, City
from tests.routing.visitor import visitor


def day(days: float) -> str:
    """The day this many days from now, as the form sends it."""
    return PACK.local_day(now() + timedelta(days=days)).isoformat()


async def test_a_list_is_filtered_by_the_day_on_which_an_answer_is_due(city: City):
    soon, later = await city.raises(), await city.raises()
    await city.routed(soon, 2)
    await city.routed(later, 9)
    async with visitor(city, CLERK) as clerk:

        async def found(**filters: str) -> tuple[bool, bool]:
            page = (await clerk.client.get("/desk", params=filters)).text
            return soon in page, later in page

        assert await found(due_from=day(2), due_to=day(2)) == (True, False)
        assert await found(due_from=day(3)) == (False, True)
        assert await found(due_to=day(1)) == (False, False)
        assert await found(due_from="", due_to="", raised_from="", raised_to="") == (True, True)


async def test_a_list_is_filtered_by_the_day_on_which_demands_were_raised(city: City):
    case = await city.raises()
    async with visitor(city, CLERK) as clerk:
        for filters, is_found in (
            ({"raised_from": day(0), "raised_to": day(0)}, True),
            ({"raised_to": day(-1)}, False),
            ({"raised_from": day(1)}, False),
        ):
            assert (case in (await clerk.client.get("/desk", params=filters)).text) == is_found, filters


@pytest.mark.parametrize("invalid_day", ["2026-02-30", "gestern", "0001-01-01"])
async def test_an_invalid_day_is_refused_with_a_page(city: City, invalid_day: str):
    async with visitor(city, CLERK) as clerk:
        answer = await clerk.client.get("/desk", params={"due_from": invalid_day})
    assert (answer.status_code, answer.headers["content-type"].split(";")[0]) == (422, "text/html")


async def test_finished_cases_are_filtered_by_category(city: City):
    road, lamp = await city.raises(), await city.raises(category="street-lighting")
    await city.routed(lamp, 5)
    for case in (road, lamp):
        await city.tells(case, f.DemandAccepted(by="陈晓岚"), f.DemandResolved(by="陈晓岚", result="已修好"))
    async with visitor(city, CLERK) as clerk:
        for path in ("/desk/done", "/desk/done.csv"):
            page = (await clerk.open(f"{path}?category=road-damage")).text
            assert (road in page, lamp in page) == (True, False)


async def test_only_a_list_with_something_to_sign_for_has_the_button(city: City):
    await city.raises()
    accepted = await city.raises()
    await city.tells(accepted, f.DemandAccepted(by="陈晓岚"), f.DemandPaused(by="陈晓岚", reason="weather"))
    async with visitor(city, CLERK) as clerk:
        unsigned = (await clerk.open("/desk")).text
        assert ("签收所选" in unsigned, " checked" in unsigned) == (True, False)
        (all_of_page,) = re.findall(r'href="(/desk[^"]*tick=all)">全选本页', unsigned)
        assert " checked" in (await clerk.open(html.unescape(all_of_page))).text
        paused = (await clerk.open("/desk?list=paused")).text
    assert accepted in paused
    assert "签收所选" not in paused
    assert 'class="check"' not in paused


async def test_a_helper_sees_in_the_list_what_is_left_of_its_part(city: City):
    case = await city.raises()
    await city.tells(case, sent(4, STATION, TOWN))
    async with visitor(city, TOWN_CLERK) as helper:
        assert "协办待签收" in (await helper.open("/desk?list=assisting")).text
        await city.tells(case, f.AssistanceAccepted(by="黄文静", unit=TOWN))
        page = (await helper.open("/desk?list=assisting")).text
    assert ("协办待签收" in page, "协办待反馈" in page) == (False, True)
    async with visitor(city, CLERK) as lead:
        assert "协办待" not in (await lead.open("/desk")).text
