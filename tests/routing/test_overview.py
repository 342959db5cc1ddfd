"""The overview of many units uses the worker's counts, and says when they were made."""

import csv
import io
import re
from datetime import datetime, timedelta
from typing import Any

import pytest

from services.routing.cases import overview as overviews
from services.routing.cases.overview import LEASE, LoadCounting, Overview, overview
from shared.chassis.base.clock import now
from shared.chassis.database.lease import Lease
from shared.contracts.demand import facts as f
from tests import story
from tests.city import CLERK, COORDINATOR, HEAD, LEADER, TOWN, TOWN_HEAD, City
from tests.packs import shipped
from tests.routing.conftest import RoutingApi
from tests.routing.visitor import visitor, words_of

DISTRICT_LEADER = f"{COORDINATOR}-leader"
STATION, TAX = "station-440605011001", "nh-tax"
ROUTED = (story.SUBMISSION, f.DemandRouted(unit=TAX, rule="r", due_at=now() - timedelta(days=1)))


@pytest.fixture
def low_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Set the limit so low that one open case is too many to be counted on request."""
    monkeypatch.setattr(overviews, "COUNTED_AT_ONCE", 0)


async def overview_of(api: RoutingApi) -> Overview:
    async with api.pool.acquire() as db:
        return await overview(db, [TAX, STATION], now(), now() + timedelta(days=1))


def counting(api: RoutingApi, at: datetime) -> LoadCounting:
    return LoadCounting(api.pool, shipped(), Lease(api.pool, LEASE), clock=lambda: at)


async def test_many_cases_are_shown_as_the_worker_counted_them(api: RoutingApi, low_limit: None):
    await api.deliver(*ROUTED, n=1)
    first = await overview_of(api)
    assert first.counted_at is None, "nobody has counted yet"
    at = now()
    await counting(api, at).turn()
    await api.deliver(*ROUTED, n=2)
    (load,), counted_at = await overview_of(api)
    assert (load.unit, load.open, load.overdue, load.unsigned, counted_at) == (TAX, 1, 1, 1, at)
    await counting(api, at + timedelta(seconds=overviews.EVERY)).turn()
    (load,), counted_at = await overview_of(api)
    assert (load.open, counted_at) == (2, at + timedelta(seconds=overviews.EVERY))


async def test_few_cases_are_counted_on_request(api: RoutingApi):
    await api.deliver(*ROUTED, n=1)
    await counting(api, now()).turn()
    await api.deliver(*ROUTED, n=2)
    (load,), counted_at = await overview_of(api)
    assert (load.open, counted_at) == (2, None)


async def test_fresh_counts_and_those_in_progress_elsewhere_are_not_repeated(api: RoutingApi, low_limit: None):
    await api.deliver(*ROUTED, n=1)
    at = now()
    await counting(api, at).turn()
    await counting(api, at + timedelta(seconds=1)).turn()
    assert (await overview_of(api)).counted_at == at
    async with Lease(api.pool, LEASE).held() as is_ours:
        assert is_ours
        await counting(api, at + timedelta(hours=1)).turn()
    assert (await overview_of(api)).counted_at == at


async def test_a_unit_without_open_cases_is_removed_from_the_counts(api: RoutingApi, low_limit: None):
    await api.deliver(*ROUTED, n=1)
    await counting(api, now()).turn()
    await api.deliver(f.DemandWithdrawn(reason="x"), n=1)
    await api.pool.execute('UPDATE demand SET state = state || \'{"status": "withdrawn"}\'')
    await counting(api, now() + timedelta(hours=1)).turn()
    assert (await overview_of(api)).loads == []


async def test_the_page_says_when_its_figures_were_counted(city: City):
    pool: Any = city.loop.pools["routing"]
    async with visitor(city, LEADER) as leader:
        assert "各单位数字统计于" not in (await leader.open("/desk/overview")).text
        await pool.execute(
            "INSERT INTO unit_load VALUES ($1, 'nanhai', 30000, 7, 5, 4, 3, 2, now(), now() - interval '400 days')",
            STATION,
        )
        page = (await leader.open("/desk/overview")).text
        assert "各单位数字统计于 20" in page, "with the year, since it is long ago"
        assert "30,000" in page
        assert "Figures of units as of" in (await leader.open("/desk/overview?lang=en")).text


async def test_units_are_grouped_under_their_town_with_its_sum(city: City):
    for unit, days in ((STATION, -10), (STATION, 20), (TOWN, -3), ("nh-education", 5)):
        await city.routed(await city.raises(), days, unit)
    async with visitor(city, DISTRICT_LEADER) as leader:
        closed = (await leader.open("/desk/overview")).text
        assert row(closed, "桂城街道办事处") == ["3", "2", "0", "3", "0", "0"]
        assert row(closed, "南海区教育局") == ["1", "0", "0", "1", "0", "0"]
        assert "桂一社区" not in closed.partition("<tfoot>")[0]
        opened = (await leader.open(f"/desk/overview?town={TOWN}")).text
        assert row(opened, "桂一社区驻点直联工作站") == ["2", "1", "0", "2", "0", "0"]
        assert row(opened, "桂城街道办事处", 1) == ["1", "1", "0", "1", "0", "0"]
        assert "桂一社区" in (await leader.open("/desk/overview?town=all")).text.partition("<tfoot>")[0]


async def test_the_head_of_a_unit_below_a_town_sees_the_unit_under_its_own_name(city: City):
    case, elsewhere = await city.raises(), await city.raises()
    await city.routed(case, -3, STATION)
    await city.routed(elsewhere, -3, TOWN)
    async with visitor(city, HEAD) as head:
        page = (await head.open("/desk/overview")).text
        assert row(page, "桂一社区驻点直联工作站") == ["1", "1", "0", "1", "0", "0"]
        assert "桂城街道办事处" not in page.partition("<tfoot>")[0]
        behind = (await head.open(f"/desk/overview/cases?town={STATION}&list=overdue")).text
        assert (case in behind, elsewhere in behind, "含下级单位" in behind) == (True, False, False)
        assert (await head.open(f"/desk/overview/cases?town={TOWN}&list=overdue")).status_code == 403


async def test_the_sum_of_a_town_links_to_the_cases_of_its_units_and_no_others(city: City):
    below, own = await city.raises(title="三巷路面塌陷"), await city.raises(title="镇路塌陷")
    elsewhere = await city.raises(title="学校门口塌陷")
    for number, unit in ((below, STATION), (own, TOWN), (elsewhere, "nh-education")):
        await city.routed(number, -3, unit)
    async with visitor(city, DISTRICT_LEADER) as leader:
        page = (await leader.open(f"/desk/overview/cases?town={TOWN}&list=overdue")).text
        assert "桂城街道办事处（含下级单位）" in page
        assert (below in page, own in page, elsewhere in page) == (True, True, False)
        assert "最近更新" in words_of(page)
    async with visitor(city, TOWN_HEAD) as head:
        refused = await head.open("/desk/overview/cases?town=nh-education&list=overdue&lang=en")
        assert (refused.status_code, "nh-education is not below your unit" in refused.text) == (403, True)
        alone = (await head.open("/desk/overview")).text
        assert "桂一社区" in alone.partition("<tfoot>")[0], "who has one town sees its units at once"


async def test_the_overview_says_whom_to_ask_about_a_late_case(city: City):
    number = await city.raises(title="三巷路面塌陷")
    await city.routed(number, -3)
    await city.tells(number, f.DemandAccepted(by="陈晓岚"))
    async with visitor(city, TOWN_HEAD) as head:
        for path in ("/desk/overview", "/desk/overview/cases?list=overdue"):
            row = (await head.open(path)).text.partition(f'href="/desk/cases/{number}?')[2].partition("</tr>")[0]
            assert {"陈晓岚", "桂一社区驻点直联工作站"} <= set(words_of(row)), path


async def test_the_overview_can_be_exported_unit_by_unit(city: City):
    for unit, days in ((STATION, -10), (TOWN, 20)):
        await city.routed(await city.raises(), days, unit)
    async with visitor(city, DISTRICT_LEADER) as leader:
        answer = await leader.open("/desk/overview.csv")
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert [(line["镇街、部门"], line["承办单位"], line["未结"], line["逾期"]) for line in rows] == [
        ("桂城街道办事处", "桂一社区驻点直联工作站", "1", "1"),
        ("桂城街道办事处", "桂城街道办事处", "1", "0"),
    ]
    async with visitor(city, CLERK) as clerk:
        assert (await clerk.open("/desk/overview.csv")).status_code == 403


def row(page: str, unit: str, index: int = 0) -> list[str]:
    """The figures in a row of the table of units: the first row with this name, or a later one."""
    rows = [
        row_html
        for row_html in page.partition("<tbody>")[2].partition("</tbody>")[0].split("<tr")[1:]
        if unit in row_html
    ]
    return re.findall(r'class="number">(?:<a[^>]*>)?(\d+)', rows[index])
