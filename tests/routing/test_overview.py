"""The overview of many units is what the worker counted, and says when."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from services.routing.cases import overview as overviews
from services.routing.cases.overview import LEASE, LoadCounting, Overview, overview
from shared.chassis.base.clock import now
from shared.chassis.database.lease import Lease
from shared.contracts.demand import facts as f
from tests import story
from tests.city import LEADER, City
from tests.packs import shipped
from tests.routing.conftest import Hall
from tests.routing.visitor import visitor

STATION, TAX = "station-440605011001", "nh-tax"
ROUTED = (story.SUBMISSION, f.DemandRouted(unit=TAX, rule="r", due_at=now() - timedelta(days=1)))


@pytest.fixture
def many(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if one open case were too many to be counted at once."""
    monkeypatch.setattr(overviews, "COUNTED_AT_ONCE", 0)


async def shown(hall: Hall) -> Overview:
    async with hall.pool.acquire() as db:
        return await overview(db, [TAX, STATION], now(), now() + timedelta(days=1))


def counting(hall: Hall, at: datetime) -> LoadCounting:
    return LoadCounting(hall.pool, shipped(), Lease(hall.pool, LEASE), clock=lambda: at)


async def test_many_cases_are_shown_as_the_worker_counted_them(hall: Hall, many: None):
    await hall.knows(*ROUTED, n=1)
    first = await shown(hall)
    assert first.counted_at is None, "nobody has counted yet"
    at = now()
    await counting(hall, at).turn()
    await hall.knows(*ROUTED, n=2)
    (load,), counted_at = await shown(hall)
    assert (load.unit, load.open, load.overdue, load.unsigned, counted_at) == (TAX, 1, 1, 1, at)
    await counting(hall, at + timedelta(seconds=overviews.EVERY)).turn()
    (load,), counted_at = await shown(hall)
    assert (load.open, counted_at) == (2, at + timedelta(seconds=overviews.EVERY))


async def test_few_cases_are_counted_now(hall: Hall):
    await hall.knows(*ROUTED, n=1)
    await counting(hall, now()).turn()
    await hall.knows(*ROUTED, n=2)
    (load,), counted_at = await shown(hall)
    assert (load.open, counted_at) == (2, None)


async def test_what_was_just_counted_or_is_counted_by_another_process_is_left_alone(hall: Hall, many: None):
    await hall.knows(*ROUTED, n=1)
    at = now()
    await counting(hall, at).turn()
    await counting(hall, at + timedelta(seconds=1)).turn()
    assert (await shown(hall)).counted_at == at
    async with Lease(hall.pool, LEASE).held() as is_ours:
        assert is_ours
        await counting(hall, at + timedelta(hours=1)).turn()
    assert (await shown(hall)).counted_at == at


async def test_a_unit_without_open_cases_is_counted_no_more(hall: Hall, many: None):
    await hall.knows(*ROUTED, n=1)
    await counting(hall, now()).turn()
    await hall.knows(f.DemandWithdrawn(reason="x"), n=1)
    await hall.pool.execute('UPDATE demand SET state = state || \'{"status": "withdrawn"}\'')
    await counting(hall, now() + timedelta(hours=1)).turn()
    assert (await shown(hall)).loads == []


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
