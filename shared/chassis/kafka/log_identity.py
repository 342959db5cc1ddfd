"""The identity of the log that a broker holds: the id of the cluster, and the id of each topic.

A topic that is deleted and created again has the same name and another id, and stored offsets are then invalid.
aiokafka does not ask for topic ids, so this module declares the request. Rule: KIP-516; the metadata request of Apache
Kafka's protocol, version 12 (Kafka 3.1 and later). A broker without topic ids answers with zeros.
"""

from collections.abc import Mapping, Sequence
from io import BytesIO
from typing import Any, Final, NamedTuple
from uuid import UUID

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import IncompatibleBrokerVersion
from aiokafka.protocol.abstract import AbstractType
from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import Boolean, CompactArray, CompactString, Int16, Int32, Schema, TaggedFields

from shared.contracts.topics import TOPICS

_NONE: Final = UUID(int=0)


class LogIdentity(NamedTuple):
    """The id of a cluster, and the ids of its topics by name; topics that are missing or have no id are left out."""

    cluster_id: str
    topics: Mapping[str, str]

    def differs(self, expected: "LogIdentity") -> str | None:
        """Describes the first difference from the `known` identity; None if there is none."""
        if self.cluster_id != expected.cluster_id:
            return f"cluster {expected.cluster_id} is gone, {self.cluster_id} is here"
        return recreated_topic(expected.topics, self.topics)


def recreated_topic(expected: Mapping[str, str], now: Mapping[str, str]) -> str | None:
    """Describes a topic that has another id than before. A missing topic is ignored: it may come back."""
    for name, id in now.items():
        if name in expected and expected[name] != id:
            return f"topic {name} was deleted and made again: {expected[name]} is gone, {id} is here"
    return None


async def identity_of(admin: AIOKafkaAdminClient) -> LogIdentity:
    """Ask the cluster for its id and the ids of our topics; raises `KafkaError` if it does not answer."""
    try:
        answer: Any = await admin._send_request(_Metadata([topic.name for topic in TOPICS]))
    except (IncompatibleBrokerVersion, NotImplementedError):
        return LogIdentity(str((await admin.describe_cluster())["cluster_id"]), {})
    ids = {name: str(id) for error, name, id, *_ in answer.topics if not error and id != _NONE}
    return LogIdentity(str(answer.cluster_id), ids)


class _Uuid(AbstractType[UUID]):  # type: ignore[misc]  # aiokafka is not typed
    @classmethod
    def encode(cls, value: UUID) -> bytes:
        return value.bytes

    @classmethod
    def decode(cls, data: BytesIO) -> UUID:
        return UUID(bytes=data.read(16))


_NODES: Final = CompactArray(Int32)
_PARTITION: Final = (
    ("error_code", Int16), ("partition", Int32), ("leader", Int32), ("leader_epoch", Int32), ("replicas", _NODES),
    ("isr", _NODES), ("offline_replicas", _NODES), ("tags", TaggedFields),
)  # fmt: skip
_BROKER: Final = (
    ("node_id", Int32), ("host", CompactString()), ("port", Int32), ("rack", CompactString()), ("tags", TaggedFields)
)  # fmt: skip
_TOPIC: Final = (
    ("error_code", Int16), ("topic", CompactString()), ("topic_id", _Uuid), ("is_internal", Boolean),
    ("partitions", CompactArray(*_PARTITION)), ("authorized_operations", Int32), ("tags", TaggedFields),
)  # fmt: skip


class _MetadataAnswer(Response):  # type: ignore[misc]  # aiokafka is not typed
    API_KEY = 3
    API_VERSION = 12
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        ("brokers", CompactArray(*_BROKER)),
        ("cluster_id", CompactString()),
        ("controller_id", Int32),
        ("topics", CompactArray(*_TOPIC)),
        ("tags", TaggedFields),
    )


class _MetadataStruct(RequestStruct):  # type: ignore[misc]  # aiokafka is not typed
    API_KEY = 3
    API_VERSION = 12
    FLEXIBLE_VERSION = True
    RESPONSE_TYPE = _MetadataAnswer
    SCHEMA = Schema(
        ("topics", CompactArray(("topic_id", _Uuid), ("topic", CompactString()), ("tags", TaggedFields))),
        ("allow_auto_topic_creation", Boolean),
        ("include_topic_authorized_operations", Boolean),
        ("tags", TaggedFields),
    )


class _Metadata(Request[_MetadataStruct]):  # type: ignore[misc]  # aiokafka is not typed
    API_KEY = 3

    def __init__(self, topics: Sequence[str]) -> None:
        self._topics = topics

    def build(self, request_struct_class: type[_MetadataStruct]) -> _MetadataStruct:
        return request_struct_class([(_NONE, name, {}) for name in self._topics], False, False, {})
