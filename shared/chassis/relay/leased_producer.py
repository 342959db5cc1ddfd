"""A Kafka producer that sends facts only while its process holds the lease."""

from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from aiokafka.protocol.produce import ProduceRequest

from shared.chassis.database.lease import Lease, LeaseLost


class NotLeading(KafkaError):  # type: ignore[misc]  # aiokafka is not typed
    """The lease was lost; a `KafkaError`, because aiokafka's sender handles no other faults."""


class LeasedProducer(AIOKafkaProducer):  # type: ignore[misc]  # aiokafka is not typed
    """Checks the lease immediately before each request with facts is written to the network.

    aiokafka buffers the facts given to `send` until the partition's previous request is answered, and again after a
    failed request. A process that was suspended (SIGSTOP) would send its buffers on waking, long after the lease ended.
    """

    def __init__(self, lease: Lease, **settings: Any) -> None:
        super().__init__(**settings)
        client = self.client
        send = client.send

        async def send_with_lease(node_id: int, request: Any, **more: Any) -> Any:
            if isinstance(request, ProduceRequest):
                await client.ready(node_id, **more)  # so that `send` need not wait for a connection
                _require(lease)
            return await send(node_id, request, **more)

        client.send = send_with_lease


def _require(lease: Lease) -> None:
    try:
        lease.require()
    except LeaseLost as lost:
        raise NotLeading(str(lost)) from None
