"""Reads fetched batches that aiokafka cannot read, so that they become dead letters and do not stop the consumer.

aiokafka raises from the fetch itself if a header's name is not UTF-8, if the batch is compressed with a codec that is
not installed, or if the batch is corrupt. The consumer would stop at this batch after every restart. This module reads
the records of such a batch one by one. A record that stays unreadable is replaced by one that holds its bytes and the
cause, and becomes a dead letter like any other.
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
"""The most bytes of an unreadable batch that its dead letter stores."""


class FetchedRecord(NamedTuple):
    """A record with the same attributes as aiokafka's records."""

    offset: int
    timestamp: int
    timestamp_type: int
    key: bytes | None
    value: bytes | None
    headers: list[tuple[str, bytes | None]]
    checksum: int | None = None


def install() -> None:
    """Replace the reader of batches for every aiokafka consumer of this process, Faust's too."""
    fetcher.MemoryRecords = Batches


class Batches:
    """The batches of one fetch; replaces aiokafka's `MemoryRecords`."""

    def __init__(self, fetched: bytes) -> None:
        self._fetched, self._at = memoryview(fetched), 0
        self._batches = MemoryRecords(fetched)

    def size_in_bytes(self) -> int:
        """The bytes that were fetched."""
        return int(self._batches.size_in_bytes())

    def has_next(self) -> bool:
        """Whether there is another complete batch."""
        return bool(self._batches.has_next())

    def next_batch(self) -> "FetchedBatch":
        """The next batch."""
        base, length = _FRAME.unpack_from(self._fetched, self._at)
        raw = self._fetched[self._at : self._at + _FRAME.size + length]
        self._at += len(raw)
        return FetchedBatch(raw, base, self._batches.next_batch())


class FetchedBatch:
    """A batch that yields all its records: as aiokafka reads them, one by one, or as replacements."""

    def __init__(self, raw: memoryview, base_offset: int, batch: Any) -> None:
        self.raw, self.base_offset, self._batch = raw, base_offset, batch
        self._crc_ok = True

    def __getattr__(self, name: str) -> Any:
        return getattr(self._batch, name)

    @property
    def next_offset(self) -> int:
        """The offset of the next batch; always greater than this one's, even if the header is wrong."""
        return max(self.base_offset + 1, int(self._batch.next_offset))

    def validate_crc(self) -> bool:
        """Note a wrong checksum and return True: at False, aiokafka would fetch the same batch again for ever."""
        self._crc_ok = bool(self._batch.validate_crc())
        return True

    def __next__(self) -> Any:
        return next(self._batch)

    def __iter__(self) -> Iterator[Any]:
        if not self._crc_ok:
            yield self._replacement(self.base_offset, self.raw, "the checksum is wrong")
            return
        last, end = self.base_offset - 1, self.next_offset
        try:
            for record in self._batch:
                if not last < record.offset < end:
                    raise ValueError(f"offset {record.offset} lies outside of its batch")
                last = record.offset
                yield record
        except Exception as fault:  # noqa: BLE001 (no fault may keep the consumer from the next batch)
            for parsed in self._one_by_one(fault):
                if last < parsed.offset < end:
                    last = parsed.offset
                    yield parsed

    def _one_by_one(self, fault: Exception) -> Iterator[FetchedRecord]:
        if self.raw[_MAGIC] != 2:
            yield self._replacement(self.next_offset - 1, self.raw, repr(fault))
            return
        header = _HEADER.unpack_from(self.raw)
        codec, payload = header[5] & 0x07, self.raw[_HEADER.size :]
        if codec > 1:
            name = _CODECS[codec] if codec < len(_CODECS) else f"codec {codec}"
            cause = (
                f"{header[12]} records packed with {name}, which is not supported: send them uncompressed or with gzip"
            )
            yield self._replacement(self.base_offset, self.raw, cause)
            return
        try:
            yield from self._parsed(bytearray(gzip_decode(payload) if codec else payload), header)
        except Exception as corrupt:  # noqa: BLE001 (the lengths in the batch are wrong)
            yield self._replacement(self.next_offset - 1, self.raw, f"{fault!r}, {corrupt!r}")

    def _parsed(self, payload: bytearray, header: tuple[int, ...]) -> Iterator[FetchedRecord]:
        at = 0
        for n in range(header[12]):
            length, begin = decode_varint(payload, at)
            at = begin + length
            if length <= 0 or at > len(payload):
                raise ValueError(f"record {n} has {length} bytes")
            try:
                record = _record(payload[begin:at], header)
            except Exception as fault:  # noqa: BLE001 (the next record may be readable)
                record = self._replacement(self.base_offset + n, memoryview(payload)[begin:at], repr(fault))
            yield record

    def _replacement(self, offset: int, raw: memoryview, cause: str) -> FetchedRecord:
        headers: list[tuple[str, bytes | None]] = [(UNREADABLE, cause.encode("utf-8", "backslashreplace"))]
        return FetchedRecord(offset, -1, 0, None, bytes(raw[:LARGEST_KEPT]), headers)


def _record(raw: bytearray, header: tuple[int, ...]) -> FetchedRecord:
    """One record; bytes of a header's name that are not UTF-8 become lone surrogates."""
    base_offset, appended, first, latest = header[0], bool(header[5] & 0x08), header[7], header[8]
    delta, at = decode_varint(raw, 1)
    offset, at = decode_varint(raw, at)
    key, at = _bytes(raw, at)
    value, at = _bytes(raw, at)
    count, at = decode_varint(raw, at)
    headers = []
    for _ in range(count):
        name, at = _bytes(raw, at)
        content, at = _bytes(raw, at)
        headers.append(((name or b"").decode("utf-8", "surrogateescape"), content))
    if at != len(raw):
        raise ValueError(f"{len(raw) - at} bytes too many at the end")
    timestamp = latest if appended else first + delta
    return FetchedRecord(base_offset + offset, timestamp, int(appended), key, value, headers)


def _bytes(raw: bytearray, at: int) -> tuple[bytes | None, int]:
    length, at = decode_varint(raw, at)
    if length < 0:
        return None, at
    if at + length > len(raw):
        raise ValueError(f"the record is cut off: {length} bytes are needed, {len(raw) - at} are there")
    return bytes(raw[at : at + length]), at + length
