"""Reads topics with a Faust agent: batches of unacknowledged events, acknowledged after the database."""

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
"""Seconds for an app to stop that has failed: it may wait for its own broken parts."""


def faust_app(consumer: "Consumer", kafka: Kafka, instance: str, batch_size: int) -> faust.App:
    """An app with one agent, without tables, web server or topic management; every one of them is ours elsewhere."""
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

    Faust acknowledges an event even when its agent raised, and does not hand an unacknowledged one out
    again before a restart. So nothing escapes the agent, and each event is acknowledged after the commit. What ends
    the agent, whatever it is, ends the process; until then the agent waits, so that nothing is acknowledged past it.
    """
    heard = app.topic(*consumer.topics, key_type=bytes, value_type=bytes, key_serializer="raw", value_serializer="raw")

    async def remember(stream: Any) -> None:
        try:
            while not consumer.fatal.is_set():
                batch = await _batch(app, stream.noack().channel.queue, batch_size)
                await consumer.process([_record(event.message) for event in batch], partial(_acknowledge, batch))
        except asyncio.CancelledError:
            if app.should_stop:
                raise
            consumer.stop(RuntimeError("Faust cancelled its agent"))
        except Exception as fault:  # noqa: BLE001 (Faust would start it again behind what was not acknowledged)
            if not app.should_stop:
                consumer.stop(fault)
        finally:
            await consumer.end()
        await asyncio.Event().wait()

    app.agent(heard, name=f"{app.conf.id}.remember", concurrency=1)(remember)


async def _batch(app: faust.App, waiting: "asyncio.Queue[Any]", size: int) -> list[Any]:
    """Whatever has piled up while the last batch was written; an idle worker waits for nothing.

    Iterating the stream would let the event loop turn once for every event.
    """
    events: list[Any] = []
    while not events:
        events.append(await waiting.get())
        while len(events) < size and not waiting.empty():
            events.append(waiting.get_nowait())
        events = [event for event in events if _is_ours(app, event.message)]
    return events


def _acknowledge(batch: Sequence[Any]) -> None:
    for event in batch:
        event.ack()


def _is_ours(app: faust.App, message: Any) -> bool:
    """Whether its partition is still assigned; then Faust waits for its acknowledgement before it lets go."""
    if message.generation_id != app.consumer_generation_id:
        return False
    message.tracked = True
    app.consumer.track_message(message)
    return True


class _App(faust.App):
    """Faust would make folders for tables in the current folder, which need not be there nor be ours."""

    def _create_directories(self) -> None:
        return


class _Consumer(FaustDriver):
    """Faust makes four tasks for every message in case that a buffer is full; nearly always it is not."""

    async def wait_first(self, *waited: Any, timeout: Any = None) -> Any:  # noqa: ASYNC109 (as mode declares it)
        """Go on at once when the first needs not wait; else as Faust does."""
        first, *others = waited
        if not inspect.iscoroutine(first):
            return await super().wait_first(*waited, timeout=timeout)
        try:
            awaited = first.send(None)
        except StopIteration as done:
            for other in others:
                other.close()
            return WaitResults([first], [done.value], False)
        return await super().wait_first(_Begun(first, awaited), *others, timeout=timeout)


class _Transport(Transport):
    Consumer = _Consumer


class _Begun:
    """A coroutine that has run up to what it awaits."""

    def __init__(self, coroutine: Any, awaited: Any) -> None:
        self._coroutine, self._awaited = coroutine, awaited

    def __await__(self) -> Generator[Any, None, Any]:
        awaited = self._awaited
        while True:
            try:
                yield awaited
            except BaseException as thrown:  # noqa: BLE001 (a cancellation is the coroutine's to answer)
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
    """Run the app on this loop until cancelled; it finishes what it has begun. Raises what ended it by itself."""
    app.finalize()
    # What has only half started may wait for its missing parts.
    patience: float | None = PATIENCE
    waiting: list[asyncio.Task[Any]] = []
    try:
        await app.start()
        patience = None
        waiting = [asyncio.create_task(app.wait_until_stopped()), asyncio.create_task(consumer.until_fatal())]
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        # Whoever was to acknowledge what is left has ended: Faust would wait for that without end.
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
