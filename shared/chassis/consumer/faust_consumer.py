"""Reads topics with a Faust agent, in batches of events that are acknowledged after the database transaction."""

import asyncio
import contextlib
import inspect
from collections.abc import Generator, Sequence
from functools import partial
from typing import Any, Final

import faust
from faust.auth import Credentials, SASLCredentials, SSLCredentials
from faust.transport.drivers.aiokafka import Consumer as FaustDriver
from faust.transport.drivers.aiokafka import Transport
from mode.services import WaitResults

from shared.chassis.consumer import fetched
from shared.chassis.consumer.consumer import Consumer
from shared.chassis.consumer.record import Record
from shared.chassis.kafka.client import METADATA_MAX_AGE_MS, Kafka

PATIENCE: Final = 5.0
"""Seconds for a failed app to stop: it may wait for its own broken parts for ever."""


def faust_app(consumer: "Consumer", kafka: Kafka, instance: str, batch_size: int) -> faust.App:
    """An app with one agent. Faust's tables, web server and topic management are off: the chassis has its own."""
    name = consumer.name
    fetched.install()
    app = _App(
        name,
        broker=";".join(f"kafka://{server}" for server in kafka.servers.split(",")),
        broker_credentials=_credentials(kafka),
        store="memory://",
        autodiscover=False,
        web_enabled=False,
        topic_allow_declare=False,
        topic_disable_leader=True,
        table_standby_replicas=0,
        consumer_auto_offset_reset="earliest",
        consumer_metadata_max_age_ms=METADATA_MAX_AGE_MS,
        consumer_group_instance_id=f"{name}-{instance}" if instance else None,
        broker_session_timeout=10,
        broker_heartbeat_interval=3,
        broker_rebalance_timeout=30,
        broker_commit_interval=1.0,
        producer_request_timeout=30,
        stream_buffer_maxsize=4096,
        stream_wait_empty=True,
    )
    app.transport = _Transport(app.conf.broker_consumer, app)
    _listen(app, consumer, batch_size)
    return app


def _credentials(kafka: Kafka) -> Credentials | None:
    context = kafka.context()
    if kafka.by_name:
        return SASLCredentials(
            username=kafka.username, password=kafka.password, mechanism=kafka.mechanism, ssl_context=context
        )
    return SSLCredentials(context) if context else None


def _listen(app: faust.App, consumer: "Consumer", batch_size: int) -> None:
    """Install the agent.

    Faust acknowledges an event even if its agent raised, and delivers an unacknowledged event again only after a
    restart. So the agent raises nothing, and acknowledges each event after the commit. Any fault that stops the agent
    stops the process; until then the agent waits, so that Faust acknowledges no later event.
    """
    topic = app.topic(*consumer.topics, key_type=bytes, value_type=bytes, key_serializer="raw", value_serializer="raw")

    async def read_batches(stream: Any) -> None:
        try:
            while not consumer.fatal.is_set():
                batch = await _batch(app, stream.noack().channel.queue, batch_size)
                await consumer.process([_record(event.message) for event in batch], partial(_acknowledge, batch))
        except asyncio.CancelledError:
            if app.should_stop:
                raise
            consumer.stop(RuntimeError("Faust cancelled its agent"))
        except Exception as fault:  # noqa: BLE001 (Faust would restart the agent after the unacknowledged events)
            if not app.should_stop:
                consumer.stop(fault)
        finally:
            await consumer.end()
        await asyncio.Event().wait()

    app.agent(topic, name=f"{app.conf.id}.remember", concurrency=1)(read_batches)


async def _batch(app: faust.App, queue: "asyncio.Queue[Any]", size: int) -> list[Any]:
    """The events that arrived while the last batch was written, at most `size`; waits for the first one only.

    Iterating over the stream would cost one turn of the event loop for every event.
    """
    events: list[Any] = []
    while not events:
        events.append(await queue.get())
        while len(events) < size and not queue.empty():
            events.append(queue.get_nowait())
        events = [event for event in events if _is_ours(app, event.message)]
    return events


def _acknowledge(batch: Sequence[Any]) -> None:
    for event in batch:
        event.ack()


def _is_ours(app: faust.App, message: Any) -> bool:
    """Whether the message's partition is still assigned; if so, Faust waits for its acknowledgement at a rebalance."""
    if message.generation_id != app.consumer_generation_id:
        return False
    message.tracked = True
    app.consumer.track_message(message)
    return True


class _App(faust.App):
    """Faust would create folders for tables in the current folder, which may be missing or read-only."""

    def _create_directories(self) -> None:
        return


class _Consumer(FaustDriver):
    """Avoids the four tasks that Faust creates for every message in case a buffer is full: it is rarely full."""

    async def wait_first(self, *waited: Any, timeout: Any = None) -> Any:  # noqa: ASYNC109 (as mode declares it)
        """Return at once if the first coroutine does not have to wait; else do what Faust does."""
        first, *later_events = waited
        if not inspect.iscoroutine(first):
            return await super().wait_first(*waited, timeout=timeout)
        try:
            awaited = first.send(None)
        except StopIteration as done:
            for other in later_events:
                other.close()
            return WaitResults([first], [done.value], False)
        return await super().wait_first(_Suspended(first, awaited), *later_events, timeout=timeout)


class _Transport(Transport):
    Consumer = _Consumer


class _Suspended:
    """A coroutine that has run up to its first `await`; awaiting this object runs the rest."""

    def __init__(self, coroutine: Any, awaited: Any) -> None:
        self._coroutine, self._awaited = coroutine, awaited

    def __await__(self) -> Generator[Any, None, Any]:
        awaited = self._awaited
        while True:
            try:
                yield awaited
            except BaseException as thrown:  # noqa: BLE001 (the coroutine itself must handle a cancellation)
                step = partial(self._coroutine.throw, thrown)
            else:
                step = partial(self._coroutine.send, None)
            try:
                awaited = step()
            except StopIteration as done:
                return done.value


def _record(message: Any) -> Record:
    headers = message.headers.items() if isinstance(message.headers, dict) else message.headers or ()
    return Record(message.topic, message.partition, message.offset, message.key, tuple(headers), message.value)


async def run(app: faust.App, consumer: "Consumer") -> None:
    """Run the app until cancelled, and finish the current batch; raises the fault if the app stops by itself."""
    app.finalize()
    # An app that has only half started may wait for its missing parts for ever.
    patience: float | None = PATIENCE
    waiting: list[asyncio.Task[Any]] = []
    try:
        await app.start()
        patience = None
        waiting = [asyncio.create_task(app.wait_until_stopped()), asyncio.create_task(consumer.until_fatal())]
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        # The agent has ended and acknowledges nothing more: Faust would wait for its events for ever.
        app.conf.stream_wait_empty, patience = False, PATIENCE
        if waiting[1].done():
            waiting[1].result()
        raise RuntimeError("Faust stopped by itself") from app.crash_reason
    finally:
        for task in waiting:
            task.cancel()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(patience):
                await app.stop()
