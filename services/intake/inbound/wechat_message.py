"""WeChat's XML: a callback's message read, a passive reply written."""

from dataclasses import replace
from typing import Annotated, Final
from xml.etree.ElementTree import Element, ParseError, SubElement, tostring

from defusedxml import ElementTree
from defusedxml.common import DefusedXmlException
from pydantic import BaseModel, ConfigDict, Field

from services.intake.domain import Contact
from services.intake.inbound.coordinates import from_gcj02
from services.intake.inbound.message import Message, named_first, readable
from shared.contracts.facts import Location
from shared.contracts.refusals import Code, Refused

Part = Annotated[str, Field(max_length=8192)]
_KINDS: Final = ("text", "voice", "image", "location")
UNREAD: Final = frozenset({"video", "shortvideo", "link", "file"})
"""What a citizen sends and nobody here can read; events are not sent by citizens."""


class Callback(BaseModel):
    """A message as WeChat sends it; what is encrypted has `encrypted` and the receiver alone."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    to: Annotated[Part, Field(alias="ToUserName")] = ""
    sender: Annotated[str, Field(alias="FromUserName", max_length=64)] = ""
    kind: Annotated[Part, Field(alias="MsgType")] = ""
    id: Annotated[str, Field(alias="MsgId", max_length=64)] = ""
    content: Annotated[Part, Field(alias="Content")] = ""
    recognition: Annotated[Part, Field(alias="Recognition")] = ""
    picture: Annotated[Part, Field(alias="PicUrl")] = ""
    media: Annotated[Part, Field(alias="MediaId")] = ""
    lat: Annotated[float | None, Field(alias="Location_X", ge=-90, le=90)] = None
    lon: Annotated[float | None, Field(alias="Location_Y", ge=-180, le=180)] = None
    label: Annotated[Part, Field(alias="Label")] = ""
    encrypted: Annotated[str, Field(alias="Encrypt")] = ""


def read(body: str | bytes) -> Callback:
    """The callback in an XML body; raises `Refused`."""
    try:
        root = ElementTree.fromstring(body)
        return Callback.model_validate({child.tag: child.text for child in root if child.text})
    except (ParseError, DefusedXmlException, ValueError, LookupError) as fault:
        raise Refused(
            Code.UNREADABLE,
            f"the body is no WeChat message: {type(fault).__name__}; send the XML of an official account's callback",
            "无法识别的消息体，应为公众号回调的 XML",
        ) from None


def message(callback: Callback) -> Message | None:
    """What a citizen said; None for what is no message (subscribed, a sticker, an empty text)."""
    if callback.kind not in _KINDS or not callback.id or not callback.sender:
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
            hidden = callback.label
    contact = Contact(wechat=readable(callback.sender))
    if not text:
        return None
    known = Message(f"wechat:{callback.id}", callback.sender, contact, text, "", number, place, hidden)
    return replace(known, picture=callback.picture) if callback.kind == "image" else known


def _place(callback: Callback) -> Location | None:
    return None if callback.lat is None or callback.lon is None else from_gcj02(callback.lat, callback.lon)


def reply(callback: Callback, text: str, time: int) -> str:
    """A text that goes back to the sender."""
    return _xml(
        ("ToUserName", callback.sender),
        ("FromUserName", callback.to),
        ("CreateTime", str(time)),
        ("MsgType", "text"),
        ("Content", text),
    )


def sealed_reply(encrypted: str, signature: str, time: int, nonce: str) -> str:
    """The same, encrypted."""
    return _xml(("Encrypt", encrypted), ("MsgSignature", signature), ("TimeStamp", str(time)), ("Nonce", nonce))


def _xml(*parts: tuple[str, str]) -> str:
    root = Element("xml")
    for name, text in parts:
        SubElement(root, name).text = text
    return tostring(root, encoding="unicode")
