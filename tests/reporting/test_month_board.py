"""A month on the board, compared with the month before and the year before, and exported as a table."""

import csv
import html
import io
import re
from datetime import UTC, date, datetime
from uuid import UUID

import httpx
import pytest

from services.reporting.figures.completion import Breakdown
from services.reporting.figures.month_comparison import month_before
from services.reporting.web.month_view import month_view
from shared.chassis.consumer.delivery import Delivery
from shared.chassis.consumer.record import Record
from shared.contracts.demand.facts import StatusFact
from shared.contracts.numbers import number
from tests import story
from tests.chassis.conftest import Log, envelope

APRIL, YEAR_BEFORE = datetime(2021, 4, 20, 2, 0, tzinfo=UTC), datetime(2020, 5, 6, 2, 0, tzinfo=UTC)
MAY = "/board?jurisdiction=nanhai&month=2021-05"


@pytest.fixture
async def months(browser: httpx.AsyncClient, delivery: Delivery) -> httpx.AsyncClient:
    """The board with three demands of May 2021, one of April 2021 and one of May 2020."""
    log = Log()
    for n, at, past in ((8, APRIL, story.CLOSED), (9, YEAR_BEFORE, story.RETURNED)):
        await delivery.deliver(_dated_records(log, n, at, past))
    return browser


def _dated_records(log: Log, n: int, at: datetime, past: tuple[StatusFact, ...]) -> list[Record]:
    numbered = (story.SUBMISSION.model_copy(update={"number": number("NH", 2021, n)}), *past[1:])
    key = UUID(int=n)
    return [log.record(envelope(fact, sequence, key, at)) for sequence, fact in enumerate(numbered, 1)]


def cells(page: str, label: str) -> list[str]:
    """The texts of the cells in the row of the comparison with this label."""
    (row,) = re.findall(rf'<th role="rowheader" scope="row" class="title">{label}</th>(.*?)</tr>', page, re.DOTALL)
    return [re.sub(r"<[^>]+>", "", cell).strip() for cell in re.findall(r"<td.*?</td>", row, re.DOTALL)]


async def test_a_month_is_compared_with_the_month_before_and_the_year_before(months: httpx.AsyncClient):
    page = (await months.get(MAY)).text
    assert "上月 2021-04" in page
    assert "去年同月 2020-05" in page
    assert cells(page, "收集") == ["3", "1", "+2 (+200.0 %)", "1", "+2 (+200.0 %)"]
    assert cells(page, "办结率") == ["33.33 %", "100.00 %", "−66.67 个百分点", "0.00 %", "+33.33 个百分点"]
    assert cells(page, "退单") == ["0", "0", "持平", "1", "−1 (−100.0 %)"]
    assert "−66.67 points" in (await months.get(f"{MAY}&lang=en")).text


async def test_a_month_without_an_earlier_one_says_that_there_is_no_comparison(months: httpx.AsyncClient):
    page = (await months.get("/board?jurisdiction=nanhai&month=2020-05")).text
    assert "没有可比较的月份" in page
    assert cells(page, "收集") == ["1"]
    assert "这个月没有收到诉求" in (await months.get("/board?jurisdiction=nanhai&month=2019-01")).text


async def test_a_figure_of_a_month_links_to_its_demands(months: httpx.AsyncClient):
    page = (await months.get(MAY)).text
    (href,) = re.findall(r'class="title">办结</th>.*?<a href="([^"]+)"', page, re.DOTALL)[:1]
    list_page = (await months.get(html.unescape(href))).text
    assert ("NH21-000001-W" in list_page, number("NH", 2021, 8) in list_page) == (True, False)


async def test_a_figure_of_an_earlier_month_links_to_the_demands_of_that_month(months: httpx.AsyncClient):
    page = (await months.get(MAY)).text
    (row,) = re.findall(r'class="title">收集</th>(.*?)</tr>', page, re.DOTALL)
    month, before, year_before = (html.unescape(href) for href in re.findall(r'<a href="([^"]+)"', row))
    for href, n in ((before, 8), (year_before, 9)):
        list_page = (await months.get(href)).text
        assert (number("NH", 2021, n) in list_page, "NH21-000001-W" in list_page) == (True, False)
    assert "NH21-000001-W" in (await months.get(month)).text


async def test_months_are_chosen_in_a_list_and_in_the_breakdown(months: httpx.AsyncClient):
    page = (await months.get("/board?jurisdiction=nanhai")).text
    assert re.findall(r'<option value="(2[^"]+)"', page) == ["2021-05", "2021-04", "2020-05"]
    assert 'href="/board?jurisdiction=nanhai&amp;by=unit&amp;month=2021-04&amp;lang=zh"' in page
    assert (await months.get("/board?jurisdiction=nanhai&month=&lang=zh")).status_code == 200


async def test_the_table_of_a_month_can_be_exported(months: httpx.AsyncClient):
    answer = await months.get("/board/table.csv?jurisdiction=nanhai&month=2021-05")
    assert answer.headers["content-disposition"] == 'attachment; filename="board-nanhai-unit-2021-05.csv"'
    header, *lines = csv.reader(io.StringIO(answer.content.decode("utf-8-sig")))
    assert header[:5] == ["承办单位", "上级", "收集", "办结", "办结率"]
    rows = {line[0]: dict(zip(header, line, strict=True)) for line in lines}
    assert sum(int(row["收集"]) for row in rows.values()) == 3
    assert rows["roads"]["办结率"] == "50.00"
    assert rows["roads"]["最终满意率"] == "100.00"


@pytest.mark.parametrize("by", ["month", "division", "unit", "category", "channel"])
async def test_every_breakdown_and_every_past_day_can_be_exported(months: httpx.AsyncClient, by: str):
    now = await months.get("/board/table.csv", params={"jurisdiction": "nanhai", "by": by, "lang": "en"})
    assert (now.status_code, "Answered in time" in now.text) == (200, True)
    past = await months.get(f"/board/table.csv?jurisdiction=nanhai&by={by}&until=2021-12-31&lang=en")
    assert (past.status_code, "Answered in time" in past.text) == (200, False)


async def test_a_demand_links_back_to_the_list_and_the_list_to_the_board(months: httpx.AsyncClient):
    list_page = "/board/demands?by=unit&key=roads&jurisdiction=nanhai&month=2021-05&counted=completed"
    page = (await months.get(list_page)).text
    (to_board,) = re.findall(r'class="back-link"><a href="([^"]+)"', page)
    assert html.unescape(to_board) == "/board?jurisdiction=nanhai&month=2021-05&by=unit&lang=zh"
    (to_demand,) = re.findall(r'href="(/board/demands/NH21[^"]+)"', page)
    demand = (await months.get(html.unescape(to_demand))).text
    (to_list,) = re.findall(r'class="back-link"><a href="([^"]+)"', demand)
    assert html.unescape(to_list) == list_page


async def test_a_demand_never_links_back_to_a_page_outside_of_the_board(months: httpx.AsyncClient):
    page = (await months.get("/board/demands/NH21-000001-W?back=https://evil.example/board")).text
    assert re.findall(r'class="back-link"><a href="([^"]+)"', page) == ["/board"]


def test_the_month_before_january_is_december():
    assert month_before(date(2021, 1, 1)) == date(2020, 12, 1)
    assert month_before(date(2021, 12, 1)) == date(2021, 11, 1)


def test_a_month_that_has_not_ended_says_so():
    may = date(2021, 5, 1)
    row = Breakdown(key="", name="", month=may, collected=1, completed=0, rate=0.0)
    for this, is_running in ((may, True), (date(2021, 6, 1), False)):
        shown = month_view([row], may, this, lambda month, counted: counted, "zh")
        assert shown
        assert shown.is_running == is_running
