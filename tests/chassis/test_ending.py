"""What asks a broker again and again ends when it is told to, though a client swallowed the cancellation."""

import asyncio
import contextlib
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaConnectionError

from shared.chassis import broker
from shared.chassis.kafka import Kafka
from shared.chassis.reading import Reading
from tests.eventually import ended

NOWHERE = Kafka("127.0.0.1:1")


def the_lag() -> Coroutine[Any, Any, None]:
    reading: Reading[Any, Any] = Reading(None, ("topic",), "reader")  # type: ignore[arg-type]
    return reading.watch(NOWHERE)


def the_cluster() -> Coroutine[Any, Any, None]:
    return broker.watch(NOWHERE, "known")


def the_first_answer() -> Coroutine[Any, Any, str]:
    return broker.wait_for_cluster(NOWHERE)


@pytest.mark.parametrize("watch", [the_lag, the_cluster, the_first_answer])
async def test_whoever_asks_a_broker_that_is_away_ends(
    watch: Callable[[], Coroutine[Any, Any, object]], monkeypatch: pytest.MonkeyPatch
):
    starting = asyncio.Event()

    async def deaf(_: AIOKafkaAdminClient) -> None:
        starting.set()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
        raise KafkaConnectionError

    monkeypatch.setattr(AIOKafkaAdminClient, "start", deaf)
    watching = asyncio.create_task(watch())
    await starting.wait()
    await ended(watching)
