"""Builds batches of records byte by byte, as an unusual client could send them."""

from collections.abc import Mapping, Sequence
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import for_code
from aiokafka.protocol.produce import ProduceRequest
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from aiokafka.record.util import calc_crc32c

from shared.contracts.envelope import Envelope

_CRC, _ATTRIBUTES, _HEADER = 17, 21, 61
ZSTD = 4
LATIN = b"caf\xe9"
"""The name of a header in Latin-1, which is no UTF-8."""


def plain(records: Sequence[Mapping[str, Any]]) -> bytearray:
    """A batch of these keys, headers and values; all of them may be null."""
    builder = DefaultRecordBatchBuilder(2, 0, 0, -1, -1, -1, 1_000_000)  # type: ignore[arg-type]
    for n, record in enumerate(records):
        builder.append(n, 1_700_000_000_000, record["key"], record["value"], record["headers"])
    return builder.build()


def batch(envelopes: Sequence[Envelope], name: bytes = LATIN, codec: int = 0) -> bytearray:
    """A batch with these facts; each has one more header, whose name is these four bytes."""
    assert len(name) == len(LATIN)
    added_header = [("cafe", b"x")]
    raw = plain(
        [
            {"key": str(e.key).encode(), "value": e.data.encode(), "headers": e.headers() + added_header}
            for e in envelopes
        ]
    )
    raw = raw.replace(b"\x08cafe", b"\x08" + name)
    if codec == ZSTD:
        raw = raw[:_HEADER] + stored_zstd(bytes(raw[_HEADER:]))
        raw[8:12] = (len(raw) - 12).to_bytes(4, "big")
    raw[_ATTRIBUTES + 1] |= codec
    return sealed(raw)


def sealed(raw: bytearray) -> bytearray:
    """The batch with a correct checksum."""
    raw[_CRC : _CRC + 4] = calc_crc32c(bytes(raw[_ATTRIBUTES:])).to_bytes(4, "big")
    return raw


def stored_zstd(payload: bytes) -> bytearray:
    """A frame of Zstandard that holds the bytes as they are. Rule: RFC 8878, 3.1.1."""
    frame = bytearray(b"\x28\xb5\x2f\xfd\xa0") + len(payload).to_bytes(4, "little")
    return frame + (len(payload) << 3 | 1).to_bytes(3, "little") + payload


async def produce(bootstrap: str, topic: str, partition: int, raw: bytearray) -> int:
    """Send the batch as it is; returns its first offset."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        request = ProduceRequest(None, -1, 10_000, [(topic, [(partition, bytes(raw))])])  # type: ignore[arg-type]
        answer = await admin._send_request(request)
        ((_, ((_, error, offset, *_),)),) = answer.topics  # type: ignore[attr-defined]
        if error:
            raise for_code(error)
        return int(offset)
    finally:
        await admin.close()
