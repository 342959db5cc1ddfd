"""`python -m tests.bench.disk [DEMANDS]`: the disk space of a demand with eight facts.

Rows and indexes by service, write-ahead log, and records of the topic. Its text has 250 characters; it has a contact.
"""

import asyncio
import sys
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any, Final
from uuid import uuid4

import asyncpg
import httpx

from services.intake import app as intake
from services.intake.channels import keys
from services.intake.events.numbering import EventNumbering
from services.intake.settings import IntakeSettings
from shared.chassis.base import logs
from shared.chassis.base.clock import now
from shared.chassis.http.app import web_app
from shared.contracts.demand import facts as f
from shared.contracts.demand.state import Service
from tests.bench.alone import postgres
from tests.importing.loop import Loop, opened_loop
from tests.keys import KEYS

RAISED: Final = {
    "title": "路面破损、积水严重",
    "text": "雨后积水，行人和电动车只能绕行，老人和学生每天都要经过这里。" * 8,
    "division": "440605011001",
    "category": "road-damage",
}
# Feedback closes a confirmed demand by itself.
DONE: Final[tuple[tuple[Service, f.Fact], ...]] = (
    (Service.ROUTING, f.DemandAccepted(by="陈")),
    (Service.ROUTING, f.DemandContacted(by="陈", note="已与市民联系，约定现场查看")),
    (Service.ROUTING, f.DemandProgressed(by="陈", note="已安排施工队，预计三日内完成")),
    (Service.ROUTING, f.DemandResolved(by="陈", result="破损路面已修复并恢复通行")),
    (Service.FEEDBACK, f.DemandConfirmed(rating=5, solved=True, comment="满意")),
)
_SIZES: Final = """
    SELECT nspname AS service, relname AS table, pg_total_relation_size(pg_class.oid) AS bytes
    FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
    WHERE relkind = 'r' AND nspname IN ('intake', 'routing', 'feedback', 'reporting')
"""


Sizes = Mapping[tuple[str, str], int]
"""Bytes by service and table, with indexes."""


@dataclass(frozen=True, slots=True)
class Left:
    """Bytes by service and table as written and without free space, of the write-ahead log, and of records before
    compression."""

    tables: Sizes
    packed: Sizes
    wal: int
    records: int


async def measure(demands: int) -> Left:
    """Process this many demands completely, and measure the disk space."""
    async with postgres() as dsn, opened_loop(dsn) as loop, AsyncExitStack() as stack:
        settings = IntakeSettings.model_validate(KEYS | {"DATABASE_URL": dsn})
        pool = loop.pools[Service.INTAKE]
        key = await keys.add(pool, "web", f.ChannelKind.WEB, "网站")
        transport = httpx.ASGITransport(web_app("intake", intake.api(settings, pool).routers))
        client = httpx.AsyncClient(transport=transport, base_url="http://intake", headers={"X-API-Key": key})
        await stack.enter_async_context(client)
        await pool.execute("UPDATE channel SET settings = settings || '{\"quota_per_minute\": 1000000}'")
        db = await asyncpg.connect(dsn)
        begun, before = await _sizes(db), await db.fetchval("SELECT pg_current_wal_lsn()")
        await _lives(loop, client, demands)
        await EventNumbering(pool).number()
        wal = await db.fetchval("SELECT pg_current_wal_lsn() - $1::pg_lsn", before)
        ended = await _sizes(db)
        await db.execute("VACUUM FULL")
        packed = await _sizes(db)
        await db.close()
        records = sum(len(r.key or b"") + len(r.value or b"") + _headers(r.headers) for r in loop.log)
        return Left(_more(ended, begun), _more(packed, begun), int(wal), records)


async def _lives(loop: Loop, client: httpx.AsyncClient, demands: int) -> None:
    for n in range(demands):
        contact = {"name": "邹某某", "phone": f"138{n:08}"}
        sent = RAISED | {"contact": contact, "external_id": f"disk-{n}"}
        answer = await client.post("/v1/demands", json=sent, headers={"Idempotency-Key": str(uuid4())})
        answer.raise_for_status()
    await loop.turn()
    for service, fact in DONE:
        repository = loop.deliveries[service].repositories.by_stream["demand"]
        ids = [row["id"] for row in await loop.pools[service].fetch("SELECT id FROM demand")]
        async with loop.pools[service].acquire() as db, db.transaction():
            work = await repository.load(db, ids, now())
            for id in ids:
                work.record(id, [fact], now(), uuid4())
            await repository.save(db, work)
        await loop.turn()


async def _sizes(db: Any) -> dict[tuple[str, str], int]:
    await db.execute("CHECKPOINT")
    return {(row["service"], row["table"]): row["bytes"] for row in await db.fetch(_SIZES)}


def _more(sizes: Sizes, begun: Sizes) -> Sizes:
    return {place: size - begun.get(place, 0) for place, size in sizes.items()}


def _headers(headers: Any) -> int:
    return sum(len(name) + len(value or b"") for name, value in headers)


async def main(demands: int) -> None:
    """Print the figures, kilobytes a demand."""
    left = await measure(demands)
    for service in Service:
        own = {table: size for (of, table), size in left.packed.items() if of == service}
        largest = sorted(own.items(), key=lambda item: -item[1])[:6]
        parts = ", ".join(f"{table} {size / demands / 1000:.2f}" for table, size in largest if size)
        print(f"{service}: {sum(own.values()) / demands / 1000:.1f} kB a demand ({parts})")
    packed, written = (sum(sizes.values()) / demands / 1000 for sizes in (left.packed, left.tables))
    print(f"all tables and indexes: {packed:.1f} kB a demand; {written:.1f} as they were written, without vacuum")
    print(f"write-ahead log: {left.wal / demands / 1000:.1f} kB a demand")
    print(f"records of the topic, before compression: {left.records / demands / 1000:.1f} kB a demand")


if __name__ == "__main__":
    logs.set_up("bench", "console", "error")
    asyncio.run(main(int(sys.argv[1]) if sys.argv[1:] else 2_000))
