"""The product's own parts on the same servers and the same facts."""

import asyncio
import contextlib
from collections.abc import Coroutine
from time import perf_counter
from typing import Any

from deploy.cli.processes import SERVICES
from shared.chassis import faust_reader, kafka_reader
from shared.chassis.broker import cluster_id
from shared.chassis.database import open_pool
from shared.chassis.delivery import Delivery
from shared.chassis.reading import Reading
from shared.chassis.relay import Relay
from tests.bench.rig import Rig, count_of


async def relay(rig: Rig, count: int) -> float:
    """The relay of intake, until everything is sent; facts/s."""
    pool = await open_pool(rig.dsn, "intake", size=2)
    started = perf_counter()
    sent = "SELECT coalesce(sum(sent), 0) FROM intake.relay_cursor"
    await _until(Relay("intake", pool, rig.bootstrap).run(), rig, sent, count)
    seconds = perf_counter() - started
    await pool.close()
    return count / seconds


async def reader(service: str, rig: Rig, count: int) -> float:
    """The listener of a service, from its first commit to its last; facts/s."""
    (found,) = (one for one in SERVICES if one.name == service)
    settings = found.settings.model_validate({"DATABASE_URL": rig.dsn, "KAFKA_BOOTSTRAP_SERVERS": rig.bootstrap})
    pool = await open_pool(rig.dsn, service, size=4)
    worker = found.worker(settings, pool)
    timed = _Timed(pool, worker.ledger, await cluster_id(rig.bootstrap))
    reading = Reading(timed, worker.topics, f"bench-{service}")
    if worker.by_faust:
        app = faust_reader.faust_app(reading.name, rig.bootstrap, "")
        faust_reader.listen(app, reading, settings.batch_size)
        running = faust_reader.run(app)
    else:
        running = kafka_reader.read_batches(reading, rig.bootstrap, "", settings.batch_size)
    task = asyncio.create_task(running)
    while timed.seen < count:
        await asyncio.sleep(0.02)
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError, TimeoutError):
        await asyncio.wait_for(task, 10)
    await pool.close()
    return timed.seen / (timed.last - timed.first)


class _Timed(Delivery[Any, Any]):
    """A delivery that remembers when it began and ended, and how much it took."""

    seen = 0
    first = last = 0.0

    async def deliver(self, records: Any) -> None:
        self.first = self.first or perf_counter()
        await super().deliver(records)
        self.last = perf_counter()
        self.seen += len(records)


async def _until(part: Coroutine[Any, Any, None], rig: Rig, question: str, count: int) -> None:
    task = asyncio.create_task(part)
    while await count_of(rig.dsn, question) < count:
        await asyncio.sleep(0.02)
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
