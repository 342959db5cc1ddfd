"""A Kafka record as it was read, and its stored form for parking and dead letters."""

import base64
from typing import NamedTuple

import orjson


class Record(NamedTuple):
    """What the broker handed over, untouched."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    headers: tuple[tuple[str, bytes], ...]
    value: bytes | None

    def pack(self) -> bytes:
        """JSON with the byte strings in base64."""
        return orjson.dumps(
            {
                "topic": self.topic,
                "partition": self.partition,
                "offset": self.offset,
                "key": _text(self.key),
                "headers": [[name, _text(value)] for name, value in self.headers],
                "value": _text(self.value),
            }
        )

    @classmethod
    def unpack(cls, packed: bytes) -> "Record":
        """The inverse of `pack`."""
        told = orjson.loads(packed)
        headers = tuple((name, _bytes(value) or b"") for name, value in told["headers"])
        return cls(
            told["topic"],
            told["partition"],
            told["offset"],
            _bytes(told["key"]),
            headers,
            _bytes(told["value"]),
        )


def _text(raw: bytes | None) -> str | None:
    return None if raw is None else base64.b64encode(raw).decode()


def _bytes(text: str | None) -> bytes | None:
    return None if text is None else base64.b64decode(text)
