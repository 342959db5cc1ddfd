"""A day in a town until the moment to which it is restored, and what happens after it and is lost."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from PIL import Image

from services.intake.assembled import demand_repository
from services.intake.tracking.lasting_secret import lasting_secret_check
from shared.chassis.base.clock import now
from shared.chassis.base.tokens import Tokens
from shared.contracts.demand.facts import PublicationRefused
from tests.eventually import eventually
from tests.keys import KEYS
from tests.packs import shipped
from tests.recovery.page import Shell
from tests.recovery.servers import contents
from tests.recovery.town import Town

Receipt = Mapping[str, Any]


@dataclass
class Messages:
    """What citizens have received: it stays with them, whatever becomes of the database."""

    path: Path

    def received(self) -> Counter[tuple[str, str]]:
        """How often, by demand and message."""
        lines = self.path.read_text("utf-8").splitlines() if self.path.is_file() else []
        return Counter((line["demand_id"], line["template"]) for line in map(json.loads, lines))

    def of(self, receipt: Receipt) -> dict[str, int]:
        """How often the citizen of a demand received what."""
        return {template: count for (id, template), count in self.received().items() if id == receipt["id"]}

    def gateway_fails(self) -> None:
        """A folder stands where the file was."""
        self.path.rename(self.path.with_suffix(".kept"))
        self.path.mkdir()

    def gateway_works(self) -> None:
        """The file is back."""
        self.path.rmdir()
        self.path.with_suffix(".kept").rename(self.path)


@dataclass
class Before:
    """What stood where at the moment to which everything is restored."""

    demands: Sequence[Receipt]
    """Of one pack: one rated and closed, one to be erased later, one routed, one whose messages wait."""
    unread: Receipt
    """Of another pack: in the journal, and read by nobody yet."""
    tables: Mapping[str, str]
    views: Mapping[str, Any]
    moment: str


@dataclass
class Lost:
    """What happened after that moment."""

    receipt: Receipt
    cursor: str
    worked_until: str
    received: Counter[tuple[str, str]]


async def routed_and_told(town: Town, messages: Messages, *receipts: Receipt) -> None:
    """Return when each of these is routed in every view, and its citizen knows."""

    async def look() -> list[tuple[str, bool]]:
        rows = await town.pools["reporting"].fetch("SELECT id::text, state->>'status' AS status FROM demand_facts")
        known = {row["id"]: row["status"] for row in rows}
        return [(known.get(r["id"], ""), "routed" in messages.of(r)) for r in receipts]

    await eventually(look, lambda seen: all(routed == ("routed", True) for routed in seen))


async def views(town: Town, demands: Sequence[Receipt]) -> dict[str, Any]:
    """What leaders, the public and units see. What became of messages is told anew, and when was heard last."""
    figures = await town.reads("/v1/figures/completion", jurisdiction="nanhai")
    cases = {r["number"]: await town.reads(f"/v1/cases/{r['number']}") for r in demands}
    for case in cases.values():
        case["timeline"] = [told for told in case["timeline"] if "notification" not in told["type"]]
        case.pop("clock", None)
    figures.pop("heard_at")
    board = (await town.reads("/board", jurisdiction="nanhai")).splitlines()
    return {"figures": figures, "cases": cases, "board": [line for line in board if 'class="soft"' not in line]}


def differences(now: Any, then: Any, place: str = "") -> Iterator[str]:
    """What is not the same in two answers, and where."""
    if isinstance(now, str) and isinstance(then, str) and "\n" in now + then:
        now, then = now.splitlines(), then.splitlines()
    if isinstance(now, dict) and isinstance(then, dict) and now.keys() == then.keys():
        for name, value in now.items():
            yield from differences(value, then[name], f"{place}.{name}")
    elif isinstance(now, list) and isinstance(then, list) and len(now) == len(then):
        for n, value in enumerate(now):
            yield from differences(value, then[n], f"{place}[{n}]")
    elif now != then:
        yield f"{place}: {str(now)[:300]} instead of {str(then)[:300]}"


async def until_the_moment(town: Town, messages: Messages, shell: Shell, nightly: Sequence[str], often: str) -> Before:
    """Demands are raised, answered and rated, some before the base backup and some after it."""
    await town.join()
    # As intake does when it is asked whether it is ready.
    assert await lasting_secret_check(town.pools["intake"], str(KEYS["secret"]))() is None
    attached = await town.client.post("/v1/attachments", files={"file": ("a.png", _picture())})
    async with town.workers():
        closed = await town.raises("13800138001", attachments=[attached.json()["reference"]])
        second = await town.raises("13800138002")
        await routed_and_told(town, messages, closed, second)
        for block in nightly:
            await shell.run(block, as_postgres=True)
        third = await town.raises("13800138003")
        await _answered_and_rated(town, messages, closed)
        await routed_and_told(town, messages, third)
        await town.has_read_everything()
        messages.gateway_fails()
        waiting = await town.raises("13800138004")
        await town.has_read_everything()
    messages.gateway_works()
    unread = await town.raises("13800138005", "losangeles")
    await shell.run(often)
    demands = [closed, second, third, waiting]
    seen = await views(town, demands)
    tables = await contents(town.given["DATABASE_URL"])
    moment = await town.pools["intake"].fetchval("SELECT clock_timestamp()::text")
    return Before(demands, unread, tables, seen, moment)


async def after_the_moment(town: Town, messages: Messages, before: Before) -> Lost:
    """Messages go out, one more demand is raised, a citizen is erased, one refuses publication; then comes the
    accident."""
    async with town.workers():
        lost = await town.raises("13800138006")
        await routed_and_told(town, messages, lost, before.demands[-1], before.unread)
        erased = f"/v1/demands/{before.demands[1]['number']}/contact/erasure"
        done = await town.client.post(
            erased, json={"why": "本人要求删除"}, headers=town.staff("nh-coordinator", "personal-data")
        )
        assert done.is_success, done.text
        await _wants_nothing_published(town, before.unread)
        await town.has_read_everything()
    cursor = (await town.client.get("/v1/events", params={"after": "now"})).json()["cursor"]
    await town.pools["routing"].execute("TRUNCATE demand CASCADE")
    await town.pools["feedback"].execute("TRUNCATE intent, journal CASCADE")
    return Lost(lost, cursor, datetime.now(UTC).isoformat(), messages.received())


async def _answered_and_rated(town: Town, messages: Messages, receipt: Receipt) -> None:
    number = receipt["number"]
    await town.does(number, "accept")
    await town.does(number, "contact", note="已电话联系")
    await town.does(number, "resolve", result="修好了")

    async def resolved() -> bool:
        return "resolved" in messages.of(receipt)

    await eventually(resolved, bool)
    link = Tokens(KEYS["secret"]).write("rate", {"demand": receipt["id"]})
    rated = await town.client.post(f"/v1/ratings/{link}", json={"rating": 5, "solved": True})
    assert rated.json()["status"] == "closed", rated.text


async def _wants_nothing_published(town: Town, receipt: Receipt) -> None:
    """As a citizen says on the page of the demand."""
    repository, key = demand_repository(shipped()), UUID(receipt["id"])
    async with town.pools["intake"].acquire() as db, db.transaction():
        work = await repository.load(db, [key], now())
        work.record(key, [PublicationRefused()], now(), uuid4())
        await repository.save(db, work)


def _picture() -> bytes:
    content = BytesIO()
    Image.new("RGB", (8, 8), (90, 120, 60)).save(content, "PNG")
    return content.getvalue()
