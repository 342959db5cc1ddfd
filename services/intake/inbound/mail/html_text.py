"""Converts an HTML e-mail to the text that a person would see."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Final

_BLOCKS: Final = frozenset({"p", "div", "br", "tr", "li", "h1", "h2", "h3", "h4", "table", "blockquote"})
# Not `head`: some programs do not close it, and browsers show the text in it too.
_UNSEEN: Final = frozenset({"script", "style", "title"})
# Pictures in `data:` URLs are no text, and may have megabytes.
_WRITTEN_OUT: Final = re.compile(r"data:[\w/+.-]{1,80};base64,[A-Za-z0-9+/=\s]*")
_ENDS: Final = re.compile(r"[\r\n\x02\x03]")
_OPENS, _CLOSES = "\x02", "\x03"


def plain(html: str) -> str:
    """The text, one line for each block."""
    reader = _Reader()
    reader.feed(_WRITTEN_OUT.sub("", html))
    reader.close()
    return re.sub(r"\n{3,}", "\n\n", "\n".join(_lines("".join(reader.pieces))))


def _lines(text: str) -> Iterator[str]:
    """The lines; quoted ones begin with “> ”, as in plain e-mails."""
    depth = 0
    for line in text.split("\n"):
        depth = max(0, depth + line.count(_OPENS) - line.count(_CLOSES))
        words = " ".join(line.replace(_OPENS, "").replace(_CLOSES, "").split())
        yield f"> {words}" if depth and words else words


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.pieces: list[str] = []
        self._unseen = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._unseen += tag in _UNSEEN
        if tag == "body":
            self._unseen = 0
        if tag in _BLOCKS:
            self.pieces.append(f"\n{_OPENS}" if tag == "blockquote" else "\n")

    def handle_endtag(self, tag: str) -> None:
        self._unseen -= tag in _UNSEEN and self._unseen > 0
        if tag in _BLOCKS:
            self.pieces.append(f"\n{_CLOSES}" if tag == "blockquote" else "\n")

    def handle_data(self, data: str) -> None:
        if not self._unseen:
            self.pieces.append(_ENDS.sub(" ", data))
