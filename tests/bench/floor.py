"""A hand-written pipeline without our features: HTTP, Kafka, worker, Kafka, projector, a row in a view.

Each stage is a process. It is the minimum of the time from the response 201 to the view.
"""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

import asyncpg
import orjson
import uvicorn
import uvloop
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from fastapi import FastAPI, Request

from tests.bench.rig import Rig

FIRST, SECOND = "floor.submitted", "floor.routed"


async def api(rig: Rig, port: int) -> None:
    """Responds with 201 when Kafka has acknowledged the record."""
    producer = await _producer(rig)
    app = FastAPI()

    @app.post("/v1/demands", status_code=201)
    async def submit(request: Request) -> dict[str, str]:
        number = uuid4().hex
        body = orjson.dumps(await request.json() | {"number": number})
        await producer.send_and_wait(FIRST, body, key=number.encode())
        return {"number": number}

    await uvicorn.Server(uvicorn.Config(app, port=port, log_level="error", access_log=False)).serve()


async def worker(rig: Rig, port: int) -> None:
    """Passes every record on."""
    producer, consumer = await _producer(rig), await _consumer(rig, FIRST)
    while True:
        for records in (await consumer.getmany(timeout_ms=500)).values():
            await asyncio.gather(*[await producer.send(SECOND, r.value, key=r.key) for r in records])
        await consumer.commit()


async def projector(rig: Rig, port: int) -> None:
    """Writes a row a record."""
    db, consumer = await asyncpg.connect(rig.dsn), await _consumer(rig, SECOND)
    while True:
        records_by_partition = await consumer.getmany(timeout_ms=500)
        numbers = [r.key.decode() for records in records_by_partition.values() for r in records]
        if numbers:
            await db.execute("INSERT INTO public.floor SELECT unnest($1::text[])", numbers)
            await consumer.commit()


async def _producer(rig: Rig) -> AIOKafkaProducer:
    producer = AIOKafkaProducer(bootstrap_servers=rig.bootstrap, acks="all", enable_idempotence=True)
    await producer.start()
    return producer


async def _consumer(rig: Rig, topic: str) -> AIOKafkaConsumer:
    consumer = AIOKafkaConsumer(
        topic, bootstrap_servers=rig.bootstrap, group_id=topic, enable_auto_commit=False, auto_offset_reset="earliest"
    )
    await consumer.start()
    return consumer


@asynccontextmanager
async def pipeline(rig: Rig, port: int) -> AsyncIterator[None]:
    """All three stages."""
    db = await asyncpg.connect(rig.dsn)
    await db.execute("CREATE TABLE public.floor (number text PRIMARY KEY)")
    await db.close()
    admin = AIOKafkaAdminClient(bootstrap_servers=rig.bootstrap)
    await admin.start()
    await admin.create_topics([NewTopic(FIRST, 12, 1), NewTopic(SECOND, 12, 1)])
    await admin.close()
    stages = [
        await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.bench.floor", stage, rig.dsn, rig.bootstrap, str(port)
        )
        for stage in ("api", "worker", "projector")
    ]
    try:
        yield
    finally:
        for stage in stages:
            stage.terminate()
        await asyncio.gather(*(stage.wait() for stage in stages))


if __name__ == "__main__":
    name, dsn, bootstrap, where = sys.argv[1:]
    uvloop.run({"api": api, "worker": worker, "projector": projector}[name](Rig(dsn, bootstrap), int(where)))
