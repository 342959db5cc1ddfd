"""Reads what a broker handed over, whatever it is: a batch that aiokafka cannot read raises from the fetch itself.

Such a batch names a header in bytes that are no UTF-8, is packed by a codec that is not installed, or is broken. It
would end a reader each time that it is met. Here its records are read one by one; for what stays unreadable a record
stands in that holds the bytes and the cause, and becomes a dead letter like any other.
Rule: Kafka's record batch, version 2 (KIP-98, KIP-82).
"""

from collections.abc import Iterator
from struct import Struct
from typing import Any, Final, NamedTuple

from aiokafka.codec import gzip_decode
from aiokafka.consumer import fetcher
from aiokafka.record.memory_records import MemoryRecords
from aiokafka.record.util import decode_varint

from shared.chassis.consumer.record import UNREADABLE

_FRAME: Final = Struct(">qi")
_HEADER: Final = Struct(">qiibIhiqqqhii")
_MAGIC: Final = 16
_CODECS: Final = ("none", "gzip", "snappy", "lz4", "zstd")
LARGEST_KEPT: Final = 1_048_576
"""Bytes of an unreadable batch that its dead letter keeps."""


class Parsed(NamedTuple):
    """A record with the attributes that aiokafka gives its own."""

    offset: int
    timestamp: int
    timestamp_type: int
    key: bytes | None
    value: bytes | None
    headers: list[tuple[str, bytes | None]]
    checksum: int | None = None


def install() -> None:
    """Applies to every aiokafka consumer of this process; Faust's is one."""
    fetcher.MemoryRecords = Batches


class Batches:
    """The batches of one fetch; stands for aiokafka's `MemoryRecords`."""

    def __init__(self, fetched: bytes) -> None:
        self._fetched, self._at = memoryview(fetched), 0
        self._batches = MemoryRecords(fetched)

    def size_in_bytes(self) -> int:
        """How much was fetched."""
        return int(self._batches.size_in_bytes())

    def has_next(self) -> bool:
        """Whether there is another whole batch."""
        return bool(self._batches.has_next())

    def next_batch(self) -> "Batch":
        """The next one."""
        base, length = _FRAME.unpack_from(self._fetched, self._at)
        raw = self._fetched[self._at : self._at + _FRAME.size + length]
        self._at += len(raw)
        return Batch(raw, base, self._batches.next_batch())


class Batch:
    """A batch whose records can be read, one way or another."""

    def __init__(self, raw: memoryview, base_offset: int, batch: Any) -> None:
        self.raw, self.base_offset, self._batch = raw, base_offset, batch
        self._whole = True

    def __getattr__(self, name: str) -> Any:
        return getattr(self._batch, name)

    @property
    def next_offset(self) -> int:
        """Where the next batch begins; never where this one does, whatever its header says."""
        return max(self.base_offset + 1, int(self._batch.next_offset))

    def validate_crc(self) -> bool:
        """What does not fit its check sum is no reason to fetch it for ever: it is unreadable."""
        self._whole = bool(self._batch.validate_crc())
        return True

    def __next__(self) -> Any:
        return next(self._batch)

    def __iter__(self) -> Iterator[Any]:
        if not self._whole:
            yield self._stand_in(self.base_offset, self.raw, "the check sum does not fit")
            return
        read, end = self.base_offset - 1, self.next_offset
        try:
            for record in self._batch:
                if not read < record.offset < end:
                    raise ValueError(f"offset {record.offset} lies outside of its batch")
                read = record.offset
                yield record
        except Exception as fault:  # noqa: BLE001 (whatever it is, the next batch must be reached)
            for parsed in self._one_by_one(fault):
                if read < parsed.offset < end:
                    read = parsed.offset
                    yield parsed

    def _one_by_one(self, fault: Exception) -> Iterator[Parsed]:
        if self.raw[_MAGIC] != 2:
            yield self._stand_in(self.next_offset - 1, self.raw, repr(fault))
            return
        header = _HEADER.unpack_from(self.raw)
        codec, payload = header[5] & 0x07, self.raw[_HEADER.size :]
        if codec > 1:
            known = _CODECS[codec] if codec < len(_CODECS) else f"codec {codec}"
            cause = f"{header[12]} records packed with {known}, which is not read here: send them plain or with gzip"
            yield self._stand_in(self.base_offset, self.raw, cause)
            return
        try:
            yield from self._parsed(bytearray(gzip_decode(payload) if codec else payload), header)
        except Exception as broken:  # noqa: BLE001 (lengths that lead nowhere)
            yield self._stand_in(self.next_offset - 1, self.raw, f"{fault!r}, {broken!r}")

    def _parsed(self, payload: bytearray, header: tuple[int, ...]) -> Iterator[Parsed]:
        at = 0
        for n in range(header[12]):
            length, begin = decode_varint(payload, at)
            at = begin + length
            if length <= 0 or at > len(payload):
                raise ValueError(f"record {n} has {length} bytes")
            try:
                record = _record(payload[begin:at], header)
            except Exception as fault:  # noqa: BLE001 (the next one may be whole)
                record = self._stand_in(self.base_offset + n, memoryview(payload)[begin:at], repr(fault))
            yield record

    def _stand_in(self, offset: int, raw: memoryview, cause: str) -> Parsed:
        headers: list[tuple[str, bytes | None]] = [(UNREADABLE, cause.encode("utf-8", "backslashreplace"))]
        return Parsed(offset, -1, 0, None, bytes(raw[:LARGEST_KEPT]), headers)


def _record(raw: bytearray, header: tuple[int, ...]) -> Parsed:
    """One record; the name of a header may hold bytes that are no UTF-8, as half characters."""
    base_offset, appended, first, latest = header[0], bool(header[5] & 0x08), header[7], header[8]
    delta, at = decode_varint(raw, 1)
    offset, at = decode_varint(raw, at)
    key, at = _bytes(raw, at)
    value, at = _bytes(raw, at)
    count, at = decode_varint(raw, at)
    headers = []
    for _ in range(count):
        name, at = _bytes(raw, at)
        given, at = _bytes(raw, at)
        headers.append(((name or b"").decode("utf-8", "surrogateescape"), given))
    if at != len(raw):
        raise ValueError(f"{len(raw) - at} bytes are left over")
    timestamp = latest if appended else first + delta
    return Parsed(base_offset + offset, timestamp, int(appended), key, value, headers)


def _bytes(raw: bytearray, at: int) -> tuple[bytes | None, int]:
    length, at = decode_varint(raw, at)
    if length < 0:
        return None, at
    if at + length > len(raw):
        raise ValueError(f"{length} bytes wanted, {len(raw) - at} there")
    return bytes(raw[at : at + length]), at + length
