"""A journal that is sent in one, two or four shards, by one or two processes; and the takeover when one of them
ends."""

import asyncio
from time import perf_counter
from typing import NamedTuple

import asyncpg

from tests.bench.rig import Rig, count_of
from tests.bench.scale.ground import Ground
from tests.bench.scale.worker import CONSUMERS, crew
from tests.eventually import eventually

_SENT = "SELECT coalesce(sum(sent), 0) FROM intake.relay_cursor WHERE shards = {}"


class Relayed(NamedTuple):
    """The result with these shards and processes: shards of each process, facts a second, and processor microseconds
    for a fact."""

    shards: int
    processes: int
    leases: str
    rate: float
    cpu: float


class Taken(NamedTuple):
    """Seconds without a sender after the sending process was killed, and after it was stopped."""

    killed: float
    stopped: float


async def relaying(ground: Ground, shards: int, processes: int) -> Relayed:
    """From the start of the processes until the broker has the whole journal."""
    async with ground.cell(CONSUMERS["routing"]) as cell, crew(cell, _in_parts(shards)) as relays:
        for _ in range(processes):
            await relays.begin("intake-relay")
        await _sent(cell, shards, 1)
        began, before = perf_counter(), [reading.cpu for reading in await relays.read()]
        already = await count_of(cell.dsn, _SENT.format(shards))
        await _sent(cell, shards, ground.demands)
        seconds = perf_counter() - began
        spent = sum(reading.cpu for reading in await relays.read()) - sum(before)
        left = ground.demands - already
        if not left:
            raise ValueError(f"{ground.demands:,} facts are sent before the cursor moves: ask for more with --facts")
        return Relayed(shards, processes, await _leases(cell), left / seconds, spent / left * 1e6)


async def taken_over(ground: Ground) -> Taken:
    """Two processes with one shard: the sending one is killed, then the other is stopped while a third one runs."""
    return Taken(await _gap(ground, killed=True), await _gap(ground, killed=False))


async def _gap(ground: Ground, *, killed: bool) -> float:
    async with ground.cell(CONSUMERS["routing"]) as cell, crew(cell) as relays:
        leader = await relays.start("intake-relay")
        await _sent(cell, 1, ground.demands)
        await relays.start("intake-relay")
        began = perf_counter()
        await (leader.kill() if killed else leader.stop())
        epoch = "SELECT epoch FROM intake.lease WHERE name = 'relay-0' AND expires_at > now()"

        async def led() -> bool:
            return await count_of(cell.dsn, f"SELECT coalesce(({epoch}), 0)") > 1

        await eventually(led, bool)
        return perf_counter() - began


def _in_parts(shards: int) -> dict[str, str]:
    return {"HUYING_RELAY_SHARDS": str(shards)}


async def _sent(cell: Rig, shards: int, count: int) -> None:
    while await count_of(cell.dsn, _SENT.format(shards)) < count:
        await asyncio.sleep(0.02)


async def _leases(cell: Rig) -> str:
    db = await asyncpg.connect(cell.dsn)
    rows = await db.fetch("SELECT count(*) FROM intake.lease WHERE name LIKE 'relay-%' GROUP BY holder ORDER BY 1")
    await db.close()
    return "+".join(str(row[0]) for row in rows)
