"""A channel reads the events of its demands: each fact once, in order, from where it stopped."""

import asyncio
import json
import random
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final
from uuid import UUID

import httpx
import pytest

from services.intake import app, checks
from services.intake.channels import keys
from services.intake.channels.keys import Scope
from services.intake.events import lookup, queries
from services.intake.events.numbering import EventNumbering
from services.intake.events.queries import EventFilter
from services.intake.tracking.pagination import LATE
from shared.chassis.base.clock import now
from shared.chassis.database.pool import Connection, Pool
from shared.chassis.work.retention import Retention
from shared.contracts.demand import facts as f
from shared.contracts.demand.facts import ChannelKind
from tests.eventually import eventually
from tests.intake.conftest import settings
from tests.intake.test_api import GOOD, is_a_problem
from tests.intake.test_notes import another, say, sight, taken
from tests.intake.test_story import LATER, RETURNED, STATION, OtherServices

STEPS: Final = [
    "submitted", "routed", "accepted", "returned", "routed", "accepted", "contacted", "extended", "progressed",
    "listed",
]  # fmt: skip
"""The events that a channel gets for `RETURNED`, with the submission before them."""


@pytest.fixture
def other_services(pool: Pool, database: str) -> OtherServices:
    return OtherServices(pool, database)


async def ask(client: httpx.AsyncClient, key: str = "", **parameters: Any) -> httpx.Response:
    return await client.get("/v1/events", params=parameters, headers={"X-API-Key": key} if key else {})


async def events(client: httpx.AsyncClient, key: str = "", **parameters: Any) -> list[dict[str, Any]]:
    """Every event from a cursor on, page by page."""
    all_events: list[dict[str, Any]] = []
    while True:
        answer = await ask(client, key, **parameters)
        assert answer.status_code == 200, answer.text
        page = answer.json()
        all_events += page["events"]
        if not page["more"]:
            return all_events
        parameters["after"] = page["cursor"]


def steps(found_events: list[dict[str, Any]]) -> list[str]:
    return [event["type"].removeprefix("demand.").partition(".")[0] for event in found_events]


async def test_a_channel_reads_what_happened_to_its_demands_page_by_page(
    client: httpx.AsyncClient, other_services: OtherServices, pool: Pool
):
    receipt = await taken(client, text="早上二十几个孩子，电话13800138000")
    await other_services.deliver(receipt, *RETURNED)
    await EventNumbering(pool).number()
    event_list = await events(client, limit=3)
    assert steps(event_list) == STEPS
    assert {event["subject"] for event in event_list} == {receipt["number"]}
    assert [event["sequence"] for event in event_list] == list(range(1, 11))
    assert event_list[0]["data"]["fact"]["text"] == "早上二十几个孩子，电话［手机号］"
    assert event_list[-1]["data"]["demand"]["status"] == "listed"
    assert event_list[-1]["data"]["demand"]["unit"] == STATION
    assert event_list[-1]["data"]["demand"]["unit_name"] not in ("", STATION)
    written = json.dumps(event_list, ensure_ascii=False)
    assert not [hidden for hidden in ("陈志强", "黄主任", "现场照片", "13800138000") if hidden in written]


async def test_notes_have_no_sequence_and_internal_facts_are_left_out(
    client: httpx.AsyncClient, other_services: OtherServices, pool: Pool
):
    receipt = await taken(client)
    assert (await say(client, receipt["number"], "urges")).status_code == 201
    routed = (f.DemandRouted(unit=STATION, rule="r1"), f.DemandAccepted(by="陈志强"))
    await other_services.deliver(receipt, *routed, f.DemandAssigned(by="陈志强", handler="梁敏"))
    await EventNumbering(pool).number()
    event_list = await events(client)
    assert steps(event_list) == ["submitted", "urged", "routed", "accepted"]
    assert (event_list[1]["sequence"], event_list[1]["data"]["fact"]) == (None, {"reason": "已经等了两周"})


async def test_other_channels_get_nothing_and_one_that_reads_all_gets_all_but_confidential_reports(
    client: httpx.AsyncClient, pool: Pool
):
    await taken(client)
    await taken(client, key="k2", kind="report")
    other_key = await another(pool)
    all_numbers = await keys.add(pool, "analysis", ChannelKind.PARTNER, "分析", (Scope.SUBMIT, Scope.READ_ALL))
    await EventNumbering(pool).number()
    assert [event["data"]["fact"]["kind"] for event in await events(client)] == ["help", "report"]
    assert await events(client, other_key) == []
    assert [event["data"]["fact"]["kind"] for event in await events(client, all_numbers)] == ["help"]


async def test_events_are_filtered_by_type_place_category_and_number(
    client: httpx.AsyncClient, other_services: OtherServices, pool: Pool
):
    first = await taken(client)
    second = await taken(client, key="k2", division="440605011001", category="road-damage")
    await other_services.deliver(first, f.DemandRouted(unit=STATION, rule="r1"))
    await EventNumbering(pool).number()
    assert steps(await events(client, type=["demand.routed", "demand.closed"])) == ["routed"]
    assert steps(await events(client, type="demand.routed.v2")) == ["routed"]
    assert {event["subject"] for event in await events(client, division="440605126000")} == {first["number"]}
    assert {event["subject"] for event in await events(client, category="road-damage")} == {second["number"]}
    assert {event["subject"] for event in await events(client, number=second["number"])} == {second["number"]}


@pytest.mark.parametrize(
    ("name", "value"), [("type", "demand.noted"), ("division", "99"), ("category", "none"), ("after", "x")]
)
async def test_an_invalid_filter_or_cursor_is_refused_with_advice(client: httpx.AsyncClient, name: str, value: str):
    answer = await ask(client, **{name: value})
    problem = is_a_problem(answer)
    assert answer.status_code == 422
    assert problem["errors"][0]["field"] == name


async def test_a_filtered_page_reads_a_bounded_part_and_says_that_there_is_more(
    client: httpx.AsyncClient, pool: Pool, monkeypatch: pytest.MonkeyPatch
):
    for n in range(7):
        await taken(client, key=f"k{n}", category="road-damage" if n == 6 else GOOD["category"])
    await EventNumbering(pool).number()
    monkeypatch.setattr(queries, "LOOKED_AT", 3)
    page = (await ask(client, category="road-damage")).json()
    assert (page["events"], page["more"]) == ([], True)
    assert len(await events(client, category="road-damage")) == 1


async def test_reading_from_now_on_returns_no_past_events(client: httpx.AsyncClient, pool: Pool):
    await taken(client)
    await EventNumbering(pool).number()
    page = (await ask(client, after="now")).json()
    assert (page["events"], page["more"]) == ([], False)
    again = await taken(client, key="k2")
    await EventNumbering(pool).number()
    assert [event["subject"] for event in await events(client, after=page["cursor"])] == [again["number"]]


async def test_a_cursor_of_removed_events_is_expired_and_the_oldest_one_is_named(
    client: httpx.AsyncClient, pool: Pool, database: str
):
    for n in range(4):
        await taken(client, key=f"k{n}")
    await EventNumbering(pool).number()
    first = (await ask(client, limit=1)).json()["cursor"]
    third = (await ask(client, limit=3)).json()["cursor"]
    async with pool.acquire() as db:
        await db.execute("UPDATE demand_event SET placed_at = placed_at - interval '31 days' WHERE place <= 3")
    kept = app.pruning(settings(database), pool)
    assert (
        await Retention(
            pool, [channel_key for channel_key in kept.spent if channel_key.table == "demand_event"]
        ).prune()
        == 3
    )
    problem = is_a_problem(await ask(client, after=first))
    assert (problem["status"], problem["type"].rpartition("/")[2]) == (410, "cursor-gone")
    (error,) = problem["errors"]
    assert (error["field"], error["example"]) == ("after", third)
    assert len(await events(client, after=third)) == 1
    assert len(await events(client)) == 1


async def test_a_cursor_of_another_database_is_expired(client: httpx.AsyncClient, pool: Pool):
    cursor = (await ask(client, after="now")).json()["cursor"]
    async with pool.acquire() as db:
        await db.execute("UPDATE event_head SET feed = gen_random_uuid()")
    problem = is_a_problem(await ask(client, after=cursor))
    assert problem["status"] == 410
    assert "another database" in problem["detail_en"]


async def test_the_doctor_names_unnumbered_facts(client: httpx.AsyncClient, pool: Pool):
    await taken(client)
    async with pool.acquire() as db:
        assert [bool(finding.wrong) for finding in await checks.unnumbered(db)] == [False]
        await db.execute("UPDATE event_pending SET recorded_at = now() - interval '5 minutes'")
        (finding,) = await checks.unnumbered(db)
    assert "1 fact waits" in str(finding)
    await EventNumbering(pool).number()
    async with pool.acquire() as db:
        assert [bool(finding.wrong) for finding in await checks.unnumbered(db)] == [False]


class Writers:
    """Concurrent transactions; each writes some facts of its own demand and ends at any time."""

    def __init__(self, dice: random.Random, connections: list[Connection]) -> None:
        self.dice, self.connections = dice, connections
        self.open: dict[int, tuple[Any, list[str]]] = {}
        self.committed: list[list[str]] = []
        self.written = 0

    async def act(self) -> None:
        writer = self.dice.randrange(len(self.connections))
        if writer not in self.open:
            transaction = self.connections[writer].transaction()
            await transaction.start()
            self.open[writer] = (transaction, [])
        elif self.dice.random() < 0.5:
            await self._write(writer)
        else:
            await self._end(writer)

    async def _write(self, writer: int) -> None:
        self.written += 1
        await self.connections[writer].execute(
            """
            INSERT INTO event_pending (demand_id, type, is_confidential, number, jurisdiction, division, event)
            VALUES ($1, 'demand.urged', false, 'n', 'nanhai', 'd', $2)
            """,
            UUID(int=writer + 1), str(self.written),
        )  # fmt: skip
        self.open[writer][1].append(str(self.written))

    async def _end(self, writer: int) -> None:
        transaction, event_keys = self.open.pop(writer)
        if self.dice.random() < 0.2:
            await transaction.rollback()
        else:
            await transaction.commit()
            self.committed.append(event_keys)

    async def end(self) -> None:
        for writer in list(self.open):
            await self._end(writer)


class Reader:
    """Reads pages; sometimes it loses the last page and continues from the cursor before."""

    def __init__(self, dice: random.Random, pool: Pool) -> None:
        self.dice, self.pool = dice, pool
        self.kept: list[str] = []
        self.place = 0

    async def read(self) -> bool:
        async with self.pool.acquire() as db:
            page = await queries.page(db, "any", True, self.place, EventFilter(), self.dice.randint(1, 5))
        if self.dice.random() < 0.3:
            return True
        kept_count = self.dice.randint(0, len(page.events))
        if kept_count < len(page.events):  # the connection broke within the page
            self.kept += [event.event for event in page.events[:kept_count]]
            self.place = page.events[kept_count - 1].place if kept_count else self.place
            return True
        self.kept += [event.event for event in page.events]
        self.place = page.place
        return page.more


@pytest.mark.parametrize("seed", range(12))
async def test_an_interrupted_reader_gets_each_event_once_while_writers_commit_in_any_order(pool: Pool, seed: int):
    dice = random.Random(seed)
    connections = [await pool.acquire() for _ in range(5)]
    writers, reader, numbering = Writers(dice, connections), Reader(dice, pool), EventNumbering(pool)
    for _ in range(150):
        match dice.randrange(5):
            case 0:
                await numbering.number()
            case 1:
                await reader.read()
            case _:
                await writers.act()
    await writers.end()
    await numbering.number()
    while await reader.read():
        pass
    for connection in connections:
        await pool.release(connection)
    assert sorted(reader.kept, key=int) == sorted(
        (channel_key for event_keys in writers.committed for channel_key in event_keys), key=int
    )
    for event_keys in writers.committed:
        assert [event for event in reader.kept if event in event_keys] == event_keys


async def test_two_workers_that_number_at_once_assign_no_place_twice(pool: Pool, client: httpx.AsyncClient):
    for n in range(6):
        await taken(client, key=f"k{n}")
    async with pool.acquire() as connection:
        async with connection.transaction():
            assert await queries.place_pending(connection, 4) == 4
            task = asyncio.create_task(EventNumbering(pool).number())
            await eventually(partial(waits_for_a_lock, pool), bool)
        await task
    async with pool.acquire() as db:
        places = [row["place"] for row in await db.fetch("SELECT place FROM demand_event ORDER BY place")]
        assert places == list(range(1, 7))
        assert await db.fetchval("SELECT last_place FROM event_head") == 6


async def waits_for_a_lock(pool: Pool) -> bool:
    async with pool.acquire() as db:
        waits: bool = await db.fetchval("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)")
    return waits


async def listed(client: httpx.AsyncClient, since: datetime, **parameters: Any) -> list[str]:
    """Demands that changed at this time or later."""
    return await numbers_changed_since(client, since + LATE, **parameters)


async def numbers_changed_since(client: httpx.AsyncClient, since: datetime, **more: Any) -> list[str]:
    numbers: list[str] = []
    parameters = {"updated_since": since.isoformat(), "limit": 2} | more
    while True:
        answer = await client.get("/v1/demands", params=parameters)
        assert answer.status_code == 200, answer.text
        page = answer.json()
        numbers += [demand["number"] for demand in page["demands"]]
        if "next" not in page:
            return numbers
        parameters["after"] = page["next"]


def test_every_requestable_type_is_one_that_channels_get():
    assert set(lookup.TYPES) >= {"demand.submitted", "demand.resolved"}
    assert "demand.noted" not in lookup.TYPES


async def test_changed_demands_are_listed_in_order_and_none_with_the_same_time_is_missed(
    client: httpx.AsyncClient, other_services: OtherServices, pool: Pool
):
    receipts = [await taken(client, key=f"k{n}") for n in range(5)]
    numbering = EventNumbering(pool)
    await numbering.number()  # all at the same time
    async with pool.acquire() as db:
        moment = await db.fetchval("SELECT placed_at FROM event_head")
    all_numbers = [receipt["number"] for receipt in sorted(receipts, key=lambda channel_key: str(channel_key["id"]))]
    assert await listed(client, moment) == all_numbers
    assert await listed(client, moment + timedelta(microseconds=1)) == []
    await other_services.deliver(receipts[1], f.DemandRouted(unit=STATION, rule="r1"))
    assert await listed(client, moment) == all_numbers
    await numbering.number()
    changed = receipts[1]["number"]
    assert await listed(client, moment) == [
        *(channel_key for channel_key in all_numbers if channel_key != changed),
        changed,
    ]
    assert await listed(client, moment + timedelta(microseconds=1)) == [changed]


async def test_a_change_committed_after_a_request_is_in_the_next_response(client: httpx.AsyncClient, pool: Pool):
    receipt = await taken(client)
    async with pool.acquire() as db, db.transaction():
        assert await queries.place_pending(db, 10) == 1
        began = await db.fetchval("SELECT clock_timestamp()")
        assert await numbers_changed_since(client, began) == []
    assert await numbers_changed_since(client, began) == [receipt["number"]]


@pytest.mark.parametrize("since", ["0001-01-01T00:00:00+08:00", "9999-12-31T23:59:59-08:00"])
async def test_any_time_may_be_requested(client: httpx.AsyncClient, since: str):
    assert (await client.get("/v1/demands", params={"updated_since": since})).status_code == 200


async def test_demands_from_a_version_without_events_are_listed_as_changed(client: httpx.AsyncClient, pool: Pool):
    receipts = [await taken(client, key=f"k{n}") for n in range(2)]
    numbering = EventNumbering(pool)
    async with pool.acquire() as db:
        await db.execute("DELETE FROM event_pending WHERE demand_id = $1", UUID(receipts[0]["id"]))
        await numbering.number()
        before = await db.fetchval("SELECT placed_at FROM event_head")
    assert await listed(client, before) == [receipts[1]["number"]]
    work = asyncio.create_task(numbering.run())
    await eventually(partial(listed, client, before + timedelta(microseconds=1)), bool)
    assert await listed(client, before + timedelta(microseconds=1)) == [receipts[0]["number"]]
    assert await numbering.note_missed() == 0
    work.cancel()


async def test_an_internal_fact_is_no_event_but_a_change_of_the_demand(
    client: httpx.AsyncClient, other_services: OtherServices, pool: Pool
):
    receipt = await taken(client)
    await other_services.deliver(receipt, f.DemandRouted(unit=STATION, rule="r1"))
    numbering = EventNumbering(pool)
    await numbering.number()
    async with pool.acquire() as db:
        before = await db.fetchval("SELECT placed_at FROM event_head")
    urgent = f.DemandPrioritized(by="陈志强", urgency=f.Urgency.URGENT, vulnerable=False, reason="近学校", due_at=LATER)
    await other_services.deliver(receipt, urgent)
    await numbering.number()
    assert steps(await events(client)) == ["submitted", "routed"]
    assert await listed(client, before + timedelta(microseconds=1)) == [receipt["number"]]


async def test_a_channel_with_a_sighting_sees_the_change_unless_the_demand_is_confidential(
    client: httpx.AsyncClient, other_services: OtherServices, pool: Pool
):
    receipt, report = await taken(client), await taken(client, key="k2", kind="report")
    other_key = await another(pool)
    for n, channel_key in enumerate((receipt, report)):
        answer = await sight(client, channel_key["number"], f"H-{n}", other_key)
        assert answer.status_code == (201 if channel_key is receipt else 404)
    await EventNumbering(pool).number()
    client.headers["X-API-Key"] = other_key
    assert await listed(client, now() - timedelta(hours=1)) == [receipt["number"]]


async def test_a_time_without_a_zone_is_refused(client: httpx.AsyncClient):
    answer = await client.get("/v1/demands", params={"updated_since": "2021-05-10T10:00:00"})
    assert answer.status_code == 422
    assert is_a_problem(answer)["errors"][0]["field"] == "updated_since"
