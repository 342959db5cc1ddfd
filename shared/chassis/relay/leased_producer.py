"""A Kafka producer that sends nothing unless a lease is held."""

from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from aiokafka.protocol.produce import ProduceRequest

from shared.chassis.database.lease import Lease, LeaseLost


class NotLeading(KafkaError):  # type: ignore[misc]  # aiokafka is not typed
    """The lease was lost, in the form that aiokafka's sender understands."""


class LeasedProducer(AIOKafkaProducer):  # type: ignore[misc]  # aiokafka is not typed
    """Hands a request with facts to the network only while the lease is held.

    What `send` was given waits in buffers: before the partition's last request is answered, and again after a failed
    one. A process that was stopped meanwhile would send all that as soon as it goes on.
    """

    def __init__(self, lease: Lease, **settings: Any) -> None:
        super().__init__(**settings)
        client = self.client
        send = client.send

        async def leased(node_id: int, request: Any, **more: Any) -> Any:
            if isinstance(request, ProduceRequest):
                await client.ready(node_id, **more)  # so that `send` need not wait for a connection
                _require(lease)
            return await send(node_id, request, **more)

        client.send = leased


def _require(lease: Lease) -> None:
    try:
        lease.require()
    except LeaseLost as lost:
        raise NotLeading(str(lost)) from None
