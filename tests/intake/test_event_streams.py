"""Event streams: missed events come first, then new ones, and a broken stream is continued."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from services.intake import app
from services.intake.channels import keys
from services.intake.events import stream_view, streams
from services.intake.events.numbering import EventNumbering
from shared.chassis.database.pool import Pool
from shared.chassis.http.app import server
from shared.contracts.demand import facts as f
from tests.eventually import ended, eventually
from tests.intake.conftest import settings
from tests.intake.test_notes import taken
from tests.intake.test_story import RETURNED, STATION, OtherServices
from tests.serving import running

STREAM = {"Accept": "text/event-stream"}
PATIENCE = 30


@dataclass
class Frame:
    """One event of a stream."""

    data: Any = None
    id: str = ""
    event: str = ""
    comment: str = ""


@dataclass
class Listener:
    """Reads the frames of a stream."""

    answer: httpx.Response
    lines: AsyncIterator[str] = field(init=False)

    def __post_init__(self) -> None:
        self.lines = self.answer.aiter_lines()

    async def next(self) -> Frame | None:
        """The next frame; None if the server has closed the stream."""
        frame, empty = Frame(), True
        async with asyncio.timeout(PATIENCE):
            async for line in self.lines:
                if not line and not empty:
                    return frame
                empty = not line and empty
                name, _, value = line.partition(": ")
                match name:
                    case "data":
                        frame.data = json.loads(value)
                    case "id":
                        frame.id = value
                    case "event":
                        frame.event = value
                    case "":
                        frame.comment = value
                empty = empty and not line
                if line:
                    empty = False
        return None

    async def until(self, matches: Callable[[Frame], bool]) -> list[Frame]:
        """Frames up to the first one that matches."""
        frames: list[Frame] = []
        while not frames or not matches(frames[-1]):
            frame = await self.next()
            assert frame is not None, "the stream ended"
            frames.append(frame)
        return frames

    async def events(self, count: int) -> list[Frame]:
        """This many events, without heartbeats and comments."""
        found_events: list[Frame] = []
        while len(found_events) < count:
            found_events += [event for event in await self.until(lambda frame: bool(frame.data)) if event.data]
        return found_events


@dataclass
class Served:
    """An intake on a port, with the task that wakes its streams."""

    client: httpx.AsyncClient
    waking: "asyncio.Task[None]"

    @asynccontextmanager
    async def listening(self, **parameters: Any) -> AsyncIterator[Listener]:
        headers = STREAM | parameters.pop("headers", {})
        async with self.client.stream("GET", "/v1/events", params=parameters, headers=headers) as answer:
            assert answer.status_code == 200, await answer.aread()
            assert answer.headers["content-type"].startswith("text/event-stream")
            yield Listener(answer)


@pytest.fixture
def other_services(pool: Pool, database: str) -> OtherServices:
    return OtherServices(pool, database)


@pytest.fixture
async def served(database: str, pool: Pool, key: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Served]:
    monkeypatch.setattr(streams, "POLL", 600.0)  # so that a stream never polls within a test: it only gets notified
    limited = settings(database).model_copy(update={"event_streams_per_channel": 2})
    api = app.api(limited, pool)
    (waking,) = (task for task in api.tasks if task.__qualname__.startswith("OpenStreams"))
    others = type(api)(api.routers, api.words, api.ready, [task for task in api.tasks if task is not waking])
    async with running("intake", others) as web:
        serving_web = server(web, "127.0.0.1", 0)
        serving = asyncio.create_task(serving_web.serve())
        task = asyncio.create_task(waking())

        async def started() -> bool:
            return serving_web.started

        await eventually(started, bool)
        port = serving_web.servers[0].sockets[0].getsockname()[1]
        async with httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{port}", headers={"X-API-Key": key}, timeout=PATIENCE
        ) as client:
            yield Served(client, task)
        await ended(task)
        serving_web.should_exit = True
        await ended(serving)


def steps(frames: list[Frame]) -> list[str]:
    return [frame.data["type"].removeprefix("demand.").partition(".")[0] for frame in frames]


async def test_missed_events_come_first_then_new_ones_and_none_twice_after_a_break(
    served: Served, client: httpx.AsyncClient, other_services: OtherServices, pool: Pool
):
    receipt = await taken(client)
    await other_services.deliver(receipt, *RETURNED[:2])
    await EventNumbering(pool).number()
    async with served.listening() as listener:
        assert steps(await listener.events(2)) == ["submitted", "routed"]
        rest = await listener.events(1)
        await other_services.deliver(receipt, RETURNED[2])
        await EventNumbering(pool).number()
        live = await listener.events(1)
        assert steps(rest + live) == ["accepted", "returned"]
        assert "陈志强" not in json.dumps(live[0].data, ensure_ascii=False)
    await other_services.deliver(receipt, f.DemandRouted(unit=STATION, rule="suggested-on-return"))
    await EventNumbering(pool).number()
    async with served.listening(headers={"Last-Event-ID": rest[0].id}, after="now") as listener:
        assert steps(await listener.events(2)) == ["returned", "routed"]


async def test_a_page_and_a_stream_can_continue_each_other(
    served: Served, client: httpx.AsyncClient, other_services: OtherServices, pool: Pool
):
    receipt = await taken(client)
    await other_services.deliver(receipt, *RETURNED[:3])
    await EventNumbering(pool).number()
    page = (await client.get("/v1/events", params={"limit": 2})).json()
    async with served.listening(after=page["cursor"]) as listener:
        (third,) = await listener.events(1)
    following = (await client.get("/v1/events", params={"after": third.id})).json()["events"]
    assert [event["type"] for event in following] == ["demand.returned.v1"]


async def test_a_stream_of_some_types_gets_only_these(
    served: Served, client: httpx.AsyncClient, other_services: OtherServices, pool: Pool
):
    receipt = await taken(client)
    async with served.listening(type="demand.accepted") as listener:
        assert (await listener.next()) is not None
        await other_services.deliver(receipt, *RETURNED[:2])
        await EventNumbering(pool).number()
        assert steps(await listener.events(1)) == ["accepted"]


async def test_a_revoked_key_ends_the_stream_with_a_reason(served: Served, monkeypatch: pytest.MonkeyPatch, pool: Pool):
    monkeypatch.setattr(streams, "POLL", 0.05)
    async with served.listening() as listener:
        assert await listener.next()
        await keys.revoke(pool, "web")
        *_, end = await listener.until(lambda frame: frame.event == "end")
        assert end.data["code"] == "key-not-good"
        assert end.data["detail"]
        assert await listener.next() is None
    assert (await served.client.get("/v1/events", headers=STREAM)).status_code == 401


async def test_a_process_that_ends_tells_all_its_streams(served: Served):
    async with served.listening() as event, served.listening() as other_listener:
        for listener in (event, other_listener):
            assert await listener.next()
        await ended(served.waking)
        for listener in (event, other_listener):
            *_, end = await listener.until(lambda frame: frame.event == "end")
            assert end.data["code"] == "restarting"
            assert await listener.next() is None


async def test_a_channel_has_a_limited_number_of_streams_and_closing_one_frees_it(served: Served):
    async def status() -> int:
        async with served.client.stream("GET", "/v1/events", headers=STREAM) as answer:
            return answer.status_code

    async with served.listening(), served.listening():
        refused = await served.client.get("/v1/events", headers=STREAM)
        assert refused.status_code == 429
        assert refused.headers["Retry-After"]
        assert (await served.client.get("/v1/events")).status_code == 200
    await eventually(status, lambda code: code == 200)


async def test_a_silent_stream_sends_fresh_cursors(
    served: Served, client: httpx.AsyncClient, pool: Pool, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(streams, "POLL", 0.05)
    monkeypatch.setattr(stream_view, "HEARTBEAT", 0.1)
    async with served.listening(type="demand.closed") as listener:
        *_, first = await listener.until(lambda frame: frame.comment == "heartbeat")
        await taken(client)
        await EventNumbering(pool).number()
        await listener.until(lambda frame: frame.id not in ("", first.id))


async def test_a_stream_polls_if_nobody_wakes_it(
    served: Served, client: httpx.AsyncClient, pool: Pool, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(streams, "POLL", 0.05)
    monkeypatch.setattr(streams.OpenStreams, "_notified", lambda *_: None)
    async with served.listening() as listener:
        assert await listener.next()
        await taken(client)
        await EventNumbering(pool).number()
        assert steps(await listener.events(1)) == ["submitted"]


async def test_an_expired_cursor_is_refused_before_the_stream_begins(served: Served, pool: Pool):
    cursor = (await served.client.get("/v1/events", params={"after": "now"})).json()["cursor"]
    async with pool.acquire() as db:
        await db.execute("UPDATE event_head SET feed = gen_random_uuid()")
    answer = await served.client.get("/v1/events", headers=STREAM | {"Last-Event-ID": cursor})
    assert answer.status_code == 410
