"""Decodes bytes as text: by the charset that is declared, or by the one that fits the bytes best."""

import codecs
from base64 import b64encode
from dataclasses import dataclass
from functools import partial
from typing import Final, NamedTuple

from services.intake.inbound.plausible import cost, is_implausible

# Programs often declare the smaller charset and use the larger one.
_MEANT: Final = {
    "gb2312": "gb18030", "gbk": "gb18030", "ascii": "utf-8", "iso8859-1": "cp1252", "big5": "big5hkscs",
    "cp950": "big5hkscs", "shift_jis": "cp932", "euc_kr": "cp949",
}  # fmt: skip
_WIDE: Final = ("utf-16-be", "utf-16-le")
_CONFUSED: Final = ("utf-8", "gb18030", "big5hkscs", "cp1252", *_WIDE)
"""The charsets that are tried if none is declared, and those that programs confuse with each other."""
_NO_CHARSETS: Final = ("idna", "punycode", "undefined", "unicode_escape", "raw_unicode_escape")
_MARKS: Final = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_BE, "utf-16-be"), (codecs.BOM_UTF16_LE, "utf-16-le"))
_CONTROLS: Final = bytes((*range(33), 127))
# So many bytes tell a charset. In bits: what speaks against a charset that was not named, and more against one that is
# seldom meant; what half a character costs; by how much the best must be better to be beyond doubt, and by how much
# another may look better than the named one before that one is in doubt.
_SAMPLE: Final = 4096
_TRUST, _RARELY, _HALF, _CLEAR, _NEARLY = 10, 10, 12, 12, 1


@dataclass(frozen=True, slots=True)
class Decoded:
    """A decoded text, with the charset that was used, and whether a person should look at the bytes."""

    text: str
    charset: str = "utf-8"
    declared: str = ""
    doubtful: bool = False
    content: bytes = b""

    @property
    def original(self) -> str:
        """The original bytes, if another charset than the declared one was used or the choice is doubtful; empty
        otherwise."""
        if not self.doubtful and self.charset == (self.declared or self.charset):
            return ""
        heading = (
            f"［声明编码 {self.declared or '无'}，按 {self.charset} 读取，原始字节 base64 / named, read as, bytes］"
        )
        return f"{heading}\n{b64encode(self.content).decode()}"


def decoded(content: bytes, declared: str) -> str:
    """Only the text; bytes that no charset fits are replaced by a sign."""
    return read(content, declared).text


def read(content: bytes, declared: str = "", cut: bool = False) -> Decoded:
    """The most plausible text of these bytes; with `cut` half a character at the end is dropped."""
    for mark, charset in _MARKS:
        if content.startswith(mark) and len(content) > len(mark):
            text = _text(content[len(mark) :], charset, cut)
            return Decoded(text, charset, charset, _is_doubtful(text), content)
    charset_of_name = _known(declared)
    if not content.strip(_CONTROLS) and charset_of_name not in _WIDE:
        return Decoded("", charset_of_name or "utf-8", charset_of_name, content=content)
    charset, is_clear = _best(content[:_SAMPLE], charset_of_name)
    text = _text(content, charset, cut)
    return Decoded(text, charset, charset_of_name, not is_clear or _is_doubtful(text), content)


def _known(declared: str) -> str:
    """Python's name of the declared charset; empty if there is no such charset."""
    try:
        info = codecs.lookup(declared.strip().strip("\"'"))
    except (LookupError, ValueError):
        return ""  # a NUL in a name is a ValueError
    is_text = getattr(info, "_is_text_encoding", True) and info.name not in _NO_CHARSETS
    name = _MEANT.get(info.name, info.name) if is_text else ""
    return {"utf_16_be": "utf-16-be", "utf_16_le": "utf-16-le"}.get(name, name)


def _best(sample: bytes, declared: str) -> tuple[str, bool]:
    """The most plausible charset, and whether it is beyond doubt."""
    expected_charset = declared or "utf-8"
    expected = _candidate(sample, expected_charset)
    candidates = [expected, *map(partial(_candidate, sample), _others(expected_charset, expected.text))]
    # If the declared charset gives an implausible text, the declaration is no evidence for it.
    trust = _TRUST if expected.text and not is_implausible(expected.text) else 0
    totals = [
        candidate.bits + (trust + _rarity(candidate.charset) if candidate is not expected else 0)
        for candidate in candidates
    ]
    least = min(totals)
    best = candidates[totals.index(least)]
    others = [n for n, candidate in enumerate(candidates) if candidate.text != best.text]
    if best is expected:
        return expected_charset, all(candidates[n].bits > expected.bits - _NEARLY for n in others)
    # Bytes beyond ASCII that are completely valid UTF-8 are seldom anything else, however odd the text looks.
    is_utf8 = best.charset != "utf-8" and not sample.isascii() and "\ufffd" not in _cut(sample, "utf-8")[0]
    return best.charset, not is_utf8 and all(totals[n] - least >= _CLEAR for n in others)


def _others(expected: str, text: str) -> list[str]:
    """The other charsets that the bytes may be in."""
    if expected in _CONFUSED or "\ufffd" in text:
        return [charset for charset in _CONFUSED if charset != expected]
    return ["utf-8"]


def _rarity(charset: str) -> int:
    return 0 if charset in ("utf-8", "gb18030") else _RARELY


class _Candidate(NamedTuple):
    """A candidate: a decoded text and the cost of its characters."""

    charset: str
    text: str
    bits: int


def _candidate(sample: bytes, charset: str) -> _Candidate:
    text, incomplete = _cut(sample, charset)
    return _Candidate(charset, text, cost(text) + incomplete * _HALF)


def _text(content: bytes, charset: str, cut: bool) -> str:
    """Decode bytes; with `cut` the end may be incomplete, because gateways cut long messages within a character."""
    text, incomplete = _cut(content, charset)
    return text + "\ufffd" * (bool(incomplete) and not cut)


def _cut(content: bytes, charset: str) -> tuple[str, int]:
    """The text, and how many bytes at the end are an incomplete character."""
    # A long message may be split within an emoji: the halves do not mean that the charset is wrong.
    decoder = codecs.getincrementaldecoder(charset)("surrogatepass" if charset in _WIDE else "replace")
    text = decoder.decode(content)
    incomplete = decoder.getstate()[0]
    return text, len(incomplete) if isinstance(incomplete, bytes) else 0


def _is_doubtful(text: str) -> bool:
    """Whether the text looks as if it had been decoded wrongly before it came here."""
    return is_implausible(text) or any(_was_read_by(text[:_SAMPLE], charset) for charset in ("gb18030", "cp1252"))


def _was_read_by(text: str, charset: str) -> bool:
    """Whether the text was UTF-8 that was decoded with another charset: encoding it again gives valid UTF-8."""
    if text.isascii():
        return False
    try:
        decoded_again, _ = _cut(text.encode(charset), "utf-8")
    except UnicodeEncodeError:
        return False
    return cost(decoded_again) < cost(text)
