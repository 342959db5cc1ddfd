"""Every figure links to the demands that it counts, each of them once, and each demand to its facts.

`HUYING_LONG=1` checks a second board.
"""

import html
import os
import random
import re
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from services.reporting import app
from services.reporting.drilldown import queries
from services.reporting.figures.domain import is_completed, measures
from services.reporting.figures.rollup import Rollup
from services.reporting.settings import ReportingSettings
from shared.chassis.consumer.delivery import Delivery
from shared.chassis.database.pool import Pool, open_pool
from shared.chassis.http.app import web_app
from shared.contracts.demand import facts as f
from shared.contracts.demand.state import OWED, Demand, is_confidential
from tests import story
from tests.chassis.conftest import Log, envelope
from tests.databases import Databases
from tests.packs import nanhai
from tests.reporting.lives import NEVER, Lives

BREAKDOWNS = ("month", "division", "unit", "category", "channel")
TIMES = ({}, {"month": "2021-04"}, {"until": "2021-04-11"}, {"until": "2022-03-01"})
COUNT = 100


@dataclass
class Board:
    """A client of the API and of the pages, with known random histories."""

    client: httpx.AsyncClient
    lives: dict[str, Demand]
    shown: dict[str, list[int]]
    """By number, the sequences of the facts that are public."""

    async def behind(self, address: str, limit: int) -> list[str]:
        """The numbers of all demands behind a figure, page by page."""
        numbers, following = [], ""
        while following is not None:
            answer = await self.client.get(address, params=params(address) | {"limit": limit, "after": following})
            assert answer.status_code == 200, answer.text
            page = answer.json()
            numbers += [demand["number"] for demand in page["demands"]]
            following = page.get("next")
            assert ("next" in page) == (following is not None), "absent on the last page"
            assert (following is None) == ("link" not in answer.headers)
        return numbers

    async def shown_behind(self, address: str) -> list[str]:
        """The same on the pages."""
        numbers: list[str] = []
        while True:
            page = (await self.client.get(address)).text
            numbers += re.findall(
                r'<th role="rowheader" scope="row" class="title"><a href="/board/demands/([^?]+)', page
            )
            next_links = re.findall(r'<a href="([^"]+)" rel="next">', page)
            if not next_links:
                return numbers
            address = html.unescape(next_links[0])


def params(address: str) -> dict[str, str]:
    return dict(httpx.URL(address).params)


@pytest.fixture
async def pool(database: str) -> AsyncIterator[Pool]:
    async with await open_pool(database, "reporting") as opened:
        yield opened


PUBLIC = tuple(kind for kind in f.RequestKind if not is_confidential(kind))


@pytest.fixture(scope="module", params=[1, 10] if os.environ.get("HUYING_LONG") else [1])
async def board(request: pytest.FixtureRequest, databases: Databases) -> AsyncIterator[Board]:
    """Without confidential reports (举报), which most lists leave out. Shared by all tests, which only read."""
    async with (
        databases.fresh() as database,
        await open_pool(database, "reporting") as pool,
        raised(database, pool, request.param, PUBLIC) as opened,
    ):
        yield opened


@pytest.fixture
async def reported(database: str, pool: Pool) -> AsyncIterator[Board]:
    """With confidential reports among the demands."""
    async with raised(database, pool, 3, tuple(f.RequestKind)) as opened:
        yield opened


@asynccontextmanager
async def raised(database: str, pool: Pool, seed: int, kinds: tuple[f.RequestKind, ...]) -> AsyncIterator[Board]:
    settings = ReportingSettings.model_validate({"DATABASE_URL": database})
    chance = random.Random(seed)
    lives = Lives(chance, Log(), kinds)
    records, ends = lives.records(COUNT)
    delivery = Delivery(pool, app.projector(settings, pool).repositories, "cluster")
    while records:
        size = chance.randint(1, 90)
        await delivery.deliver(records[:size])
        records = records[size:]
        if chance.random() < 0.5:
            await Rollup(pool).sum()
    transport = httpx.ASGITransport(web_app("reporting", app.api(settings, pool).routers))
    async with httpx.AsyncClient(transport=transport, base_url="http://reporting", timeout=60) as client:
        yield Board(client, {demand.number: demand for demand in ends}, lives.shown)


def cells(row: dict[str, Any]) -> Iterator[tuple[str, int]]:
    """The counts in a row of the figure, by name."""
    yield "collected", row["collected"]
    yield "completed", row["completed"]
    yield from ((f"status:{name}", n) for name, n in row["statuses"].items())
    yield from row["marks"].items()


@pytest.mark.parametrize("time", TIMES, ids=str)
async def test_every_cell_links_to_a_list_of_the_counted_demands(board: Board, time: dict[str, str]):
    opened = 0
    for by in BREAKDOWNS:
        figure = (await board.client.get("/v1/figures/completion", params={"by": by} | time)).json()
        for row in [figure["total"], *figure["rows"]]:
            for counted, n in cells(row):
                numbers = await board.behind(f"{row['demands']}&counted={counted}", limit=19)
                assert (len(numbers), len(set(numbers))) == (n, n), f"{by} {row['key']} {counted}"
                opened += 1
    assert opened > 40


@pytest.mark.parametrize("time", TIMES, ids=str)
async def test_every_number_on_the_board_links_to_a_list_of_the_counted_demands(board: Board, time: dict[str, str]):
    for by in BREAKDOWNS:
        page = (await board.client.get("/board", params={"by": by} | time)).text
        (numbers,) = [re.findall(r'<a (?:class="evidence" )?href="(/board/demands\?[^"]+)">([\d,]+)</a>', page)]
        text = re.sub(
            r"<[^>]*>", "|", page.split("<table>")[0] + "".join(re.findall(r"<tbody>.*?</tbody>", page, re.S))
        )
        assert len(numbers) == len(re.findall(r"\|[\d,]+\|", text)), "a number that does not open"
        for address, n in numbers:
            listed_numbers = await board.shown_behind(html.unescape(address))
            assert len(listed_numbers) == len(set(listed_numbers)) == int(n.replace(",", "")), address


async def test_the_demands_behind_a_figure_match_its_definition(board: Board):
    expected: dict[str, set[str]] = {"collected": set(board.lives), "overdue": set(), "completed": set()}
    for number, demand in board.lives.items():
        for measure in measures(demand):
            expected.setdefault(measure, set()).add(number)
        if is_completed(demand):
            expected["completed"].add(number)
        if demand.status in OWED and demand.due_at and demand.due_at < NEVER:
            expected["overdue"].add(number)
    figure = (await board.client.get("/v1/figures/completion")).json()
    assert figure["overdue"] == len(expected["overdue"]) > 0
    for counted, numbers in expected.items():
        listed_numbers = await board.behind(f"{figure['total']['demands']}&counted={counted}", limit=10)
        assert Counter(listed_numbers) == Counter(numbers), counted
    assert {"returned", "reopened", "late", "on-time", "status:merged", "status:closed/disputed"} <= set(expected)


async def test_a_fact_at_midnight_belongs_to_the_next_day(database: str, pool: Pool):
    settings = ReportingSettings.model_validate({"DATABASE_URL": database})
    midnight, log = datetime(2021, 5, 10, 16, 0, tzinfo=UTC), Log()
    morning = midnight - timedelta(hours=9)
    past = list(enumerate(zip(story.RESOLVED, (morning, morning, morning, midnight), strict=True), 1))
    early_records = [log.record(envelope(fact, n, UUID(int=1), at)) for n, (fact, at) in past]
    late_submission = story.SUBMISSION.model_copy(update={"number": "NH21-000002-X"})
    records = [*early_records, log.record(envelope(late_submission, 1, UUID(int=2), midnight))]
    await Delivery(pool, app.projector(settings, pool).repositories, "cluster").deliver(records)
    transport = httpx.ASGITransport(web_app("reporting", app.api(settings, pool).routers))
    async with httpx.AsyncClient(transport=transport, base_url="http://reporting") as client:
        reader = Board(client, {}, {})
        for until, collected, completed in (("2021-05-09", 0, 0), ("2021-05-10", 1, 0), ("2021-05-11", 2, 1)):
            total = (await client.get("/v1/figures/completion", params={"until": until})).json()["total"]
            assert (total["collected"], total["completed"]) == (collected, completed)
            assert len(await reader.behind(total["demands"], limit=5)) == collected
            assert len(await reader.behind(f"{total['demands']}&counted=completed", limit=5)) == completed


async def says_that_reports_are_left_out(reported: Board, address: str) -> bool:
    """Whether the list of a figure that counts reports says that it leaves them out."""
    is_said = (await reported.client.get(address)).json()["without_reports"]
    assert isinstance(is_said, bool)
    return is_said


async def test_confidential_reports_are_counted_and_listed_only_where_nothing_is_revealed(reported: Board):
    reports = {number for number, demand in reported.lives.items() if is_confidential(demand.kind)}
    assert 5 < len(reports) < COUNT
    figure = (await reported.client.get("/v1/figures/completion")).json()
    assert figure["total"]["collected"] == COUNT
    assert set(await reported.behind(figure["total"]["demands"], limit=7)) == set(reported.lives)
    assert not await says_that_reports_are_left_out(reported, figure["total"]["demands"])
    assert await says_that_reports_are_left_out(reported, f"{figure['total']['demands']}&counted=completed")
    for counted in ("completed", "overdue", *(f"status:{name}" for name in figure["total"]["statuses"])):
        assert not reports & set(await reported.behind(f"{figure['total']['demands']}&counted={counted}", limit=9))
    for by in BREAKDOWNS[1:]:
        for row in (await reported.client.get("/v1/figures/completion", params={"by": by})).json()["rows"]:
            numbers = set(await reported.behind(row["demands"], limit=11))
            assert not reports & numbers
            assert await says_that_reports_are_left_out(reported, row["demands"])
            assert numbers == {
                n for n, d in reported.lives.items() if n not in reports and counts_in(d, by, row["key"])
            }


def counts_in(demand: Demand, by: str, key: str) -> bool:
    match by:
        case "division":
            return nanhai().is_within(demand.division, key)
        case "category":
            return key in (nanhai().category_ancestors(demand.category) if demand.category else ("-",))
        case "unit":
            return (demand.unit or "-") == key
        case _:
            return demand.channel == key


async def test_the_demands_of_a_village_belong_to_its_town_too(board: Board):
    for code in nanhai().ancestors("440605011001"):
        numbers = await board.behind(f"/v1/figures/completion/demands?by=division&key={code}", limit=7)
        assert set(numbers) == {n for n, d in board.lives.items() if nanhai().is_within(d.division, code)}


async def test_a_page_that_reads_few_demands_is_short_and_loses_none(board: Board, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(queries, "LOOKED_AT", 8)
    figure = (await board.client.get("/v1/figures/completion", params={"by": "unit"})).json()
    for row in [figure["total"], *figure["rows"]]:
        for counted, n in [*cells(row), *([("overdue", figure["overdue"])] if not row["key"] else [])]:
            numbers = await board.behind(f"{row['demands']}&counted={counted}", limit=5)
            assert (len(numbers), len(set(numbers))) == (n, n), f"{row['key']} {counted}"


async def test_pages_are_newest_first_and_stay_stable_while_demands_are_raised(board: Board):
    numbers = await board.behind("/v1/figures/completion/demands", limit=3)
    raised_at = [board.lives[number].submitted_at for number in numbers]
    assert raised_at == sorted(raised_at, reverse=True)  # type: ignore[type-var]


async def test_every_demand_behind_a_figure_links_to_each_of_its_facts(board: Board):
    for number in await board.behind("/v1/figures/completion/demands", limit=100):
        body = (await board.client.get(f"/v1/figures/facts/{number}")).json()
        assert sorted(fact["sequence"] for fact in body) == board.shown[number]
        page = (await board.client.get(f"/board/demands/{number}")).text
        assert page.count('<span class="what">') == len(body)


@pytest.mark.parametrize("address", ["/board/demands", "/v1/figures/completion/demands"])
@pytest.mark.parametrize(
    "parameters",
    [{"counted": "late", "until": "2021-05-01"}, {"month": "2021-04", "until": "2021-05-01"}, {"after": "x"}],
)
async def test_an_unknown_count_is_refused(board: Board, address: str, parameters: dict[str, str]):
    answer = await board.client.get(address, params=parameters)
    assert (answer.status_code, next(iter(parameters)) in answer.text) == (422, True)
