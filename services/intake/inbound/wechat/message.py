"""Parses the XML of WeChat's callbacks, and writes passive replies."""

from dataclasses import replace
from typing import Annotated, Final
from xml.etree.ElementTree import Element, SubElement, tostring

from pydantic import BaseModel, ConfigDict, Field

from services.intake.inbound.charsets import Decoded
from services.intake.inbound.coordinates import from_gcj02
from services.intake.inbound.message import InboundMessage, digest, named_first, readable
from services.intake.inbound.wechat.xml import parts
from services.intake.vault.contact import Contact
from shared.contracts.demand.facts import Location
from shared.contracts.refusals import Code, Refused

_KINDS: Final = ("text", "voice", "image", "location")
UNREAD: Final = frozenset({"video", "shortvideo", "link", "file"})
"""Kinds of messages that citizens send and that cannot be read here; events are not sent by citizens."""


class Callback(BaseModel):
    """A message of WeChat; an encrypted one has only `encrypted` and the receiver."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    to: Annotated[str, Field(alias="ToUserName")] = ""
    sender: Annotated[str, Field(alias="FromUserName", max_length=64)] = ""
    kind: Annotated[str, Field(alias="MsgType")] = ""
    id: Annotated[str, Field(alias="MsgId", max_length=64)] = ""
    time: Annotated[str, Field(alias="CreateTime")] = ""
    content: Annotated[str, Field(alias="Content")] = ""
    recognition: Annotated[str, Field(alias="Recognition")] = ""
    picture: Annotated[str, Field(alias="PicUrl")] = ""
    media: Annotated[str, Field(alias="MediaId")] = ""
    lat: Annotated[str, Field(alias="Location_X")] = ""
    lon: Annotated[str, Field(alias="Location_Y")] = ""
    label: Annotated[str, Field(alias="Label")] = ""
    encrypted: Annotated[str, Field(alias="Encrypt")] = ""
    reading: Decoded = Decoded("")

    @property
    def known_by(self) -> str:
        """The id of the message; without one, all its fields together."""
        identifying = (self.sender, self.time, self.kind, self.content, self.media, self.picture, self.lat, self.lon)
        return self.id or digest("\n".join(identifying))


def read(body: bytes) -> Callback:
    """Parse the XML body of a callback; raises `Refused`."""
    try:
        fields, reading = parts(body)
        return Callback.model_validate(fields | {"reading": reading})
    except ValueError as fault:
        raise Refused(
            Code.UNREADABLE,
            f"the body is not a WeChat message: {type(fault).__name__}; send the XML of an official account's callback",
            "无法识别的消息体，应为公众号回调的 XML",
        ) from None


def message(callback: Callback) -> InboundMessage | None:
    """The message of a citizen; None for what is no message (subscribed, a sticker, an empty text)."""
    if callback.kind not in _KINDS or not callback.sender:
        return None
    number, text, hidden, place = None, "", "", None
    match callback.kind:
        case "text":
            number, text = named_first(readable(callback.content))
        case "voice":
            text, hidden = readable(callback.recognition) or "［语音］", callback.media
        case "image":
            text, hidden = "［图片］", f"{callback.picture} {callback.media}".strip()
        case _:
            place = _place(callback)
            text = f"［位置］{place.lat:.4f}, {place.lon:.4f}" if place else "［位置］"
            hidden = callback.label if place else f"{callback.label} {callback.lat}, {callback.lon}".strip()
    contact = Contact(wechat=readable(callback.sender)[:64])
    if not text:
        return None
    without_picture = InboundMessage(
        f"wechat:{callback.known_by}", callback.sender, contact, text, "", number, place, readable(hidden)
    )
    complete = replace(without_picture, picture=callback.picture) if callback.kind == "image" else without_picture
    return complete.as_read(_of_words(callback))


def _of_words(callback: Callback) -> Decoded:
    """How the text was decoded: like the body, but without the bytes of its other fields."""
    words, reading = callback.content or callback.recognition or callback.label, callback.reading
    return replace(reading, text=words, content=words.encode(reading.charset, "replace"))


def _place(callback: Callback) -> Location | None:
    """The position of a message; None if there is no such place on earth."""
    try:
        lat, lon = float(callback.lat), float(callback.lon)
    except ValueError:
        return None
    # False for what is not a number.
    return from_gcj02(lat, lon) if -90 <= lat <= 90 and -180 <= lon <= 180 else None


def reply(callback: Callback, text: str, time: int) -> str:
    """The XML of a text reply to the sender."""
    return _xml(
        ("ToUserName", callback.sender),
        ("FromUserName", callback.to),
        ("CreateTime", str(time)),
        ("MsgType", "text"),
        ("Content", text),
    )


def sealed_reply(encrypted: str, signature: str, time: int, nonce: str) -> str:
    """The XML of an encrypted reply."""
    return _xml(("Encrypt", encrypted), ("MsgSignature", signature), ("TimeStamp", str(time)), ("Nonce", nonce))


def _xml(*parts: tuple[str, str]) -> str:
    root = Element("xml")
    for name, text in parts:
        SubElement(root, name).text = text
    return tostring(root, encoding="unicode")
