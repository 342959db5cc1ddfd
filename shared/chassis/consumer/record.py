"""A Kafka record as it was read, and the form in which it is stored when it is parked or a dead letter."""

import base64
from typing import Final, NamedTuple

import orjson

UNREADABLE: Final = "huying_unreadable"
"""The header with the cause, in a record that takes the place of an unreadable one: see `fetched`."""


class Record(NamedTuple):
    """A record as the broker delivered it, unchanged."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    headers: tuple[tuple[str, bytes | None], ...]
    value: bytes | None

    def pack(self) -> bytes:
        """JSON with byte strings in base64. The name of a header that is not valid text is a list with its base64."""
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
    except UnicodeEncodeError:  # bytes that are not UTF-8: JSON cannot hold them
        return [base64.b64encode(name.encode("utf-8", "surrogatepass")).decode()]
    return name


def _as_read(name: str | list[str]) -> str:
    return name if isinstance(name, str) else base64.b64decode(name[0]).decode("utf-8", "surrogatepass")


def unreadable(record: Record) -> str:
    """The cause, if this record takes the place of one that could not be read; else empty."""
    cause = dict(record.headers).get(UNREADABLE) or b""
    return cause.decode("utf-8", "replace")
