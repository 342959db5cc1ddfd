"""Encodes and decodes the few SMPP 3.4 messages that a sender needs (Short Message Peer to Peer, issue 1.2)."""

import re
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

ANSWER: Final = 0x80000000
_HEADER: Final = struct.Struct(">IIII")
LONGEST: Final = 65536
"""A message has at most so many bytes; more is not SMPP."""
_PAYLOAD, _STATE, _ID = 0x0424, 0x0427, 0x001E
_REFERENCE, _TOTAL, _NUMBER = 0x020C, 0x020E, 0x020F
SINGLE: Final = 140
_UDH: Final = 6
UCS2: Final = 8
"""The data coding of UTF-16, high byte first."""
_GBK: Final = 15
"""The data coding that centres in China use for GBK."""
_HAS_UDH, _RECEIPT, _TYPE = 0x40, 0x04, 0x3C


class CommandId(IntEnum):
    """The numbers of commands; the number of an answer is higher by `ANSWER`."""

    BIND_TRANSMITTER = 0x02
    SUBMIT = 0x04
    DELIVER = 0x05
    UNBIND = 0x06
    BIND_TRANSCEIVER = 0x09
    ENQUIRE = 0x15
    NACK = 0x80000000


@dataclass(frozen=True, slots=True)
class Pdu:
    """One message: a command, or the answer to the command with the same sequence number."""

    command: int
    status: int
    sequence: int
    body: bytes = b""

    def encoded(self) -> bytes:
        """The message as bytes."""
        return _HEADER.pack(_HEADER.size + len(self.body), self.command, self.status, self.sequence) + self.body


@dataclass(frozen=True, slots=True)
class Address:
    """A number with its type and its plan."""

    number: str
    ton: int
    npi: int

    def encoded(self) -> bytes:
        """The address as bytes."""
        return bytes((self.ton, self.npi)) + _text(self.number)


@dataclass(frozen=True, slots=True)
class DeliveryReceipt:
    """A delivery receipt: the id of the message at the centre, its state in the centre's words, and the error code."""

    id: str
    state: str
    error: str


def length_of(header: bytes) -> int:
    """The length of the message that begins with these four bytes; raises `ValueError` if it is impossible."""
    (length,) = struct.unpack(">I", header)
    if not _HEADER.size <= length <= LONGEST:
        raise ValueError(f"{length} is not a possible length of an SMPP message")
    return int(length)


def decoded(data: bytes) -> Pdu:
    """Decode a whole message."""
    _, command, status, sequence = _HEADER.unpack(data[: _HEADER.size])
    return Pdu(command, status, sequence, data[_HEADER.size :])


def bind_body(system_id: str, password: str, system_type: str) -> bytes:
    """The body of the bind command, for version 3.4."""
    return _text(system_id) + _text(password) + _text(system_type) + bytes((0x34, 0, 0)) + _text("")


def parts_of(text: str, long: str, reference: int) -> list[tuple[int, bytes, bytes]]:
    """Split a text into parts in UTF-16; each with its class, its bytes and its optional parameters.

    `long` says how parts are marked: `udh` puts a header before the text, `sar` uses parameters, `payload` leaves the
    splitting to the centre.
    """
    data = text.encode("utf-16-be")
    if len(data) <= SINGLE:
        return [(0, data, b"")]
    if long == "payload":
        return [(0, b"", _parameter(_PAYLOAD, data))]
    cut = _cut(data, SINGLE - _UDH)
    total, parts = len(cut), list[tuple[int, bytes, bytes]]()
    for number, piece in enumerate(cut, 1):
        if long == "udh":
            parts.append((_HAS_UDH, bytes((5, 0, 3, reference % 256, total, number)) + piece, b""))
        else:
            reference_tlv = _parameter(_REFERENCE, struct.pack(">H", reference % 65536))
            parameters = reference_tlv + _parameter(_TOTAL, bytes((total,))) + _parameter(_NUMBER, bytes((number,)))
            parts.append((0, piece, parameters))
    return parts


def _cut(data: bytes, longest: int) -> list[bytes]:
    """Cut between characters; one beyond the basic plane has four bytes."""
    pieces = []
    while data:
        end = min(longest, len(data))
        if end < len(data) and 0xD8 <= data[end - 2] <= 0xDB:
            end -= 2
        pieces.append(data[:end])
        data = data[end:]
    return pieces


def submit_body(source: Address, to: Address, part: tuple[int, bytes, bytes], receipt: int) -> bytes:
    """The body of the submit command for one part. `receipt`: 0 asks for none, 1 for one in any case, 2 for one if the
    message is not delivered."""
    kind, words, parameters = part
    start = _text("") + source.encoded() + to.encoded() + bytes((kind, 0, 0)) + _text("") + _text("")
    return start + bytes((receipt, 0, UCS2, 0, len(words))) + words + parameters


@dataclass(frozen=True, slots=True)
class Delivered:
    """A message from the centre: `kind` is its class, `coding` the coding of its text."""

    sender: str
    kind: int
    coding: int
    words: bytes
    parameters: Mapping[int, bytes]

    @property
    def is_receipt(self) -> bool:
        """Whether it is a delivery receipt of one of our messages."""
        return self.kind & _TYPE == _RECEIPT

    @property
    def is_words(self) -> bool:
        """Whether a person wrote it. Other messages are acknowledgements of telephones, or news about a message on its
        way."""
        return self.kind & _TYPE == 0

    @property
    def headed(self) -> bytes:
        """Its text; if parameters say which part it is, the header of a part (3GPP TS 23.040, 9.2.3.24.8) is put before
        the text, because both mean the same to whoever joins the parts."""
        reference, total, number = (self.parameters.get(tag, b"") for tag in (_REFERENCE, _TOTAL, _NUMBER))
        if self.kind & _HAS_UDH or (len(reference), len(total), len(number)) != (2, 1, 1):
            return self.words
        return bytes((6, 8, 4)) + reference + total + number + self.words

    @property
    def charset(self) -> str:
        """The charset of its text, if the coding says it."""
        return {UCS2: "utf-16-be", _GBK: "gb18030"}.get(self.coding, "utf-8")


def delivered(body: bytes) -> Delivered:
    """Decode a message that the centre sends; raises `ValueError` if it is none."""
    _, rest = _read_text(body)
    sender, rest = _read_text(rest[2:])
    _, rest = _read_text(rest[2:])
    if len(rest) < 3:
        raise ValueError("a message from the centre that is too short")
    kind = rest[0]
    _, rest = _read_text(rest[3:])
    _, rest = _read_text(rest)
    if len(rest) < 5 or len(rest) < 5 + rest[4]:
        raise ValueError("a message from the centre that is too short")
    words, parameters = rest[5 : 5 + rest[4]], _read_parameters(rest[5 + rest[4] :])
    return Delivered(sender, kind, rest[2], words or parameters.get(_PAYLOAD, b""), parameters)


def receipt_of(message: Delivered) -> DeliveryReceipt:
    """Read a delivery receipt."""
    text, parameters = message.words.decode("latin-1"), message.parameters
    fields = {name.lower(): value for name, value in re.findall(r"\b(id|stat|err):(\S*)", text, re.IGNORECASE)}
    id = parameters.get(_ID, b"").rstrip(b"\0").decode("latin-1") or fields.get("id", "")
    state = fields.get("stat", "") or _STATES.get(int.from_bytes(parameters.get(_STATE, b"")), "")
    return DeliveryReceipt(id, state.upper(), fields.get("err", ""))


_STATES: Final = {
    1: "ENROUTE", 2: "DELIVRD", 3: "EXPIRED", 4: "DELETED", 5: "UNDELIV", 6: "ACCEPTD", 7: "UNKNOWN", 8: "REJECTD",
}  # fmt: skip


def id_of(body: bytes) -> str:
    """The centre's id of a message that it accepted."""
    return body.split(b"\0", 1)[0].decode("latin-1")


def _text(text: str) -> bytes:
    return text.encode("latin-1", "replace").replace(b"\0", b"") + b"\0"


def _read_text(data: bytes) -> tuple[str, bytes]:
    text, end, rest = data.partition(b"\0")
    if not end:
        raise ValueError("a text without its terminator")
    return text.decode("latin-1"), rest


def _parameter(tag: int, value: bytes) -> bytes:
    return struct.pack(">HH", tag, len(value)) + value


def _read_parameters(data: bytes) -> dict[int, bytes]:
    parameters = {}
    while len(data) >= 4:
        tag, length = struct.unpack(">HH", data[:4])
        parameters[tag] = data[4 : 4 + length]
        data = data[4 + length :]
    return parameters
