"""Reads topics with a Faust agent: batches of unacknowledged events, acknowledged after the database."""

import asyncio
from typing import Any

import faust

from shared.chassis.reading import Reading
from shared.chassis.record import Record


def faust_app(name: str, bootstrap: str, instance: str) -> faust.App:
    """A Faust app without tables, web server or topic management; every one of them is ours elsewhere."""
    return faust.App(
        name,
        broker=";".join(f"kafka://{server}" for server in bootstrap.split(",")),
        store="memory://",
        autodiscover=False,
        web_enabled=False,
        topic_allow_declare=False,
        topic_disable_leader=True,
        table_standby_replicas=0,
        consumer_auto_offset_reset="earliest",
        consumer_group_instance_id=f"{name}-{instance}" if instance else None,
        broker_session_timeout=10,
        broker_heartbeat_interval=3,
        broker_rebalance_timeout=30,
        broker_commit_interval=1.0,
        producer_request_timeout=30,
        stream_buffer_maxsize=4096,
        stream_wait_empty=True,
    )


def listen(app: faust.App, reading: "Reading[Any, Any]", batch_size: int) -> None:
    """Install the one agent of this app.

    Faust acknowledges an event even when its agent raised, and does not hand an unacknowledged one out
    again before a restart. So the stream is read without acknowledgement, nothing escapes the agent, and
    each event is acknowledged after the commit. A batch is whatever has piled up while the last one was
    written: an idle worker waits for nothing.
    """
    heard = app.topic(*reading.topics, key_type=bytes, value_type=bytes, key_serializer="raw", value_serializer="raw")

    async def remember(stream: Any) -> None:
        waiting, pending = stream.channel.queue, []
        async for event in stream.noack().events():
            pending.append(event)
            if waiting.empty() or len(pending) >= batch_size:
                if not await reading.take([_record(one) for one in pending]):
                    await asyncio.Event().wait()
                for one in pending:
                    one.ack()
                pending.clear()

    app.agent(heard, name=f"{app.conf.id}.remember", concurrency=1)(remember)


def _record(event: Any) -> Record:
    message = event.message
    headers = message.headers.items() if isinstance(message.headers, dict) else message.headers or ()
    return Record(message.topic, message.partition, message.offset, message.key, tuple(headers), message.value)


async def run(app: faust.App) -> None:
    """Run the app on this loop until cancelled; it finishes what it has begun."""
    app.finalize()
    await app.start()
    try:
        await app.wait_until_stopped()
    finally:
        await app.stop()
