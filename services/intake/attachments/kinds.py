"""Lists the kinds of files that may be attached. The first bytes decide: a file name or a declared type proves
nothing."""

import re
from dataclasses import dataclass
from typing import Final

from shared.contracts.refusals import Code, FieldError, Refused

FIELD: Final = "file"


@dataclass(frozen=True, slots=True)
class Accepted:
    """An accepted kind. With `decoder` it is a picture, which is made anew from its pixels; without, a document, which
    is made anew from its pages."""

    name: str
    media_type: str
    suffix: str
    decoder: str | None = None


@dataclass(frozen=True, slots=True)
class Declined:
    """A known kind that is refused, with what to do instead."""

    name: str
    en: str
    zh: str


_HEIC: Final = Declined(
    "HEIC",
    "save the picture as JPEG and send that (iPhone: Settings > Camera > Formats > Most Compatible)",
    "请将图片存为 JPEG 后再上传（iPhone：设置 > 相机 > 格式 > 兼容性最佳）",
)
_VIDEO: Final = Declined(
    "video",
    "send up to nine pictures of it: a video contains the place and the device of the person who took it",
    "请改传截图或照片（最多九张）：视频会带有拍摄者的位置和设备信息",
)
_OFFICE: Final = Declined("an office document or archive", "save it as PDF and send that", "请另存为 PDF 后再上传")

KINDS: Final[tuple[tuple[re.Pattern[bytes], Accepted | Declined], ...]] = tuple(
    (re.compile(first_bytes, re.DOTALL), kind)
    for first_bytes, kind in (
        (rb"\xff\xd8\xff", Accepted("JPEG", "image/jpeg", "jpg", "JPEG")),
        (rb"\x89PNG\r\n\x1a\n", Accepted("PNG", "image/png", "png", "PNG")),
        (rb"RIFF.{4}WEBP", Accepted("WebP", "image/webp", "webp", "WEBP")),
        (rb"GIF8[79]a", Accepted("GIF", "image/png", "png", "GIF")),
        (rb"%PDF-[12]\.\d", Accepted("PDF", "application/pdf", "pdf")),
        (rb".{4}ftyp(?:hei[cxms]|hev[cxms]|mif1|msf1)", _HEIC),
        (rb".{4}ftypavi[fs]", Declined("AVIF", "save it as JPEG and send that", "请存为 JPEG 后再上传")),
        (rb".{4}(?:ftyp|moov|mdat)|\x1aE\xdf\xa3|RIFF.{4}AVI ", _VIDEO),
        (rb"PK\x03\x04|\xd0\xcf\x11\xe0|Rar!|7z\xbc\xaf", _OFFICE),
    )
)
TAKEN: Final = tuple(kind for _, kind in KINDS if isinstance(kind, Accepted))


@dataclass(frozen=True, slots=True)
class AttachmentLimits:
    """The largest sizes in bytes, as received."""

    picture: int
    file: int


def kind_of(content: bytes, limits: AttachmentLimits) -> Accepted:
    """The kind of a file; raises `Refused`, which says what to change."""
    kind = next((kind for first_bytes, kind in KINDS if first_bytes.match(content)), None)
    if kind is None:
        names = ", ".join(kind.name for kind in TAKEN)
        raise wrong(f"this is not one of: {names}", f"只接受以下格式：{names}")
    if isinstance(kind, Declined):
        raise wrong(f"this is {kind.name}: {kind.en}", f"不接受此类文件：{kind.zh}")
    most = limits.picture if kind.decoder else limits.file
    if len(content) > most:
        mebibytes = most / 1_048_576
        en = f"{kind.name} may have {mebibytes:g} MiB at most; this has {len(content) / 1_048_576:.1f}: send it smaller"
        zh = f"{kind.name} 不得超过 {mebibytes:g} MiB，请缩小后再上传"
        raise Refused(Code.TOO_LARGE, en, zh, (FieldError(FIELD, zh, en),))
    return kind


def wrong(en: str, zh: str) -> Refused:
    """The refusal of a file."""
    return Refused(Code.INVALID, f"{FIELD}: {en}", zh, (FieldError(FIELD, zh, en),))


MAX_ATTACHMENTS: Final = 9
