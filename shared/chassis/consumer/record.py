"""A Kafka record as it was read, and its stored form for parking and dead letters."""

import base64
from typing import Final, NamedTuple

import orjson

UNREADABLE: Final = "huying_unreadable"
"""The header in which a record that stands in for an unreadable one says why: see `fetched`."""


class Record(NamedTuple):
    """What the broker handed over, untouched."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    headers: tuple[tuple[str, bytes | None], ...]
    value: bytes | None

    def pack(self) -> bytes:
        """JSON with the byte strings in base64; so is a header's name that is no text, within a list."""
        return orjson.dumps(
            {
                "topic": self.topic,
                "partition": self.partition,
                "offset": self.offset,
                "key": _text(self.key),
                "headers": [[_name(name), _text(value)] for name, value in self.headers],
                "value": _text(self.value),
            }
        )

    @classmethod
    def unpack(cls, packed: bytes) -> "Record":
        """The inverse of `pack`."""
        fields = orjson.loads(packed)
        headers = tuple((_as_read(name), _bytes(value)) for name, value in fields["headers"])
        return cls(
            fields["topic"],
            fields["partition"],
            fields["offset"],
            _bytes(fields["key"]),
            headers,
            _bytes(fields["value"]),
        )


def _text(raw: bytes | None) -> str | None:
    return None if raw is None else base64.b64encode(raw).decode()


def _bytes(text: str | None) -> bytes | None:
    return None if text is None else base64.b64decode(text)


def _name(name: str) -> str | list[str]:
    try:
        name.encode()
    except UnicodeEncodeError:  # bytes that were no UTF-8, and that no JSON can hold
        return [base64.b64encode(name.encode("utf-8", "surrogatepass")).decode()]
    return name


def _as_read(name: str | list[str]) -> str:
    return name if isinstance(name, str) else base64.b64decode(name[0]).decode("utf-8", "surrogatepass")


def unreadable(record: Record) -> str:
    """Why this record only stands in for one that could not be read at all; empty where it does not."""
    given = dict(record.headers).get(UNREADABLE) or b""
    return given.decode("utf-8", "replace")
