"""A loop that polls a broker ends when it is cancelled, even if a client swallowed the cancellation."""

import asyncio
import contextlib
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaConnectionError

from shared.chassis.consumer.consumer import Consumer
from shared.chassis.kafka import cluster
from shared.chassis.kafka.client import Kafka
from shared.chassis.kafka.log_identity import LogIdentity
from tests.eventually import ended

NOWHERE = Kafka("127.0.0.1:1")
KNOWN = LogIdentity("known", {})


def the_lag() -> Coroutine[Any, Any, None]:
    consumer: Consumer = Consumer(None, ("topic",), "reader", "reporting")  # type: ignore[arg-type]
    return consumer.watch(NOWHERE)


def the_cluster() -> Coroutine[Any, Any, None]:
    return cluster.watch(NOWHERE, KNOWN)


def the_first_answer() -> Coroutine[Any, Any, LogIdentity]:
    return cluster.wait_for_cluster(NOWHERE)


@pytest.mark.parametrize("watch", [the_lag, the_cluster, the_first_answer])
async def test_a_loop_that_polls_an_unreachable_broker_ends(
    watch: Callable[[], Coroutine[Any, Any, object]], monkeypatch: pytest.MonkeyPatch
):
    deaf = Deaf(fault=KafkaConnectionError())
    monkeypatch.setattr(AIOKafkaAdminClient, "start", deaf)
    await ends(watch(), deaf)


async def test_a_loop_that_polls_a_broker_that_answers_ends(monkeypatch: pytest.MonkeyPatch):
    deaf = Deaf(answer=KNOWN)
    monkeypatch.setattr(AIOKafkaAdminClient, "start", Deaf.soon)
    monkeypatch.setattr(cluster, "identity_of", deaf)
    await ends(cluster.watch(NOWHERE, KNOWN), deaf)


async def ends(watch: Coroutine[Any, Any, object], deaf: "Deaf") -> None:
    watching = asyncio.create_task(watch)
    await deaf.asked.wait()
    await ended(watching)
    assert watching.cancelled()


@dataclass
class Deaf:
    """Waits until it is cancelled and ignores that the first time; it obeys the second time."""

    answer: object = None
    fault: Exception | None = None
    asked: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self, *_: object) -> object:
        swallowed = () if self.asked.is_set() else (asyncio.CancelledError,)
        self.asked.set()
        with contextlib.suppress(*swallowed):
            await asyncio.Event().wait()
        if self.fault:
            raise self.fault
        return self.answer

    @staticmethod
    async def soon(_: object) -> None:
        """Returns at once."""
