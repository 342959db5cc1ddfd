"""Parses the structure of an e-mail within limits, so that a huge one cannot use up the process."""

from email.feedparser import BytesFeedParser
from email.message import Message as Mail
from email.policy import Policy, compat32
from functools import partial
from typing import Any, Final

MAX_LINES: Final = 600_000
"""28 MiB in Base64 have 380,000 lines."""
MAX_PARTS: Final = 300
MAX_HEADERS: Final = 5000
DEEPEST: Final = 20


class TooMuch(ValueError):
    """The limit that was exceeded, in Chinese and English."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(en)
        self.message = f"{zh} / {en}"


class MailTally:
    """Counts the parts and headers of one e-mail."""

    def __init__(self) -> None:
        self.parts = self.headers = 0

    def part(self) -> None:
        """Count a part; raises `TooMuch`."""
        self.parts += 1
        if self.parts > MAX_PARTS:
            raise TooMuch(f"超过 {MAX_PARTS} 个部分", f"more than {MAX_PARTS} parts")

    def header(self) -> None:
        """Count a header of the e-mail or of a part; raises `TooMuch`."""
        self.headers += 1
        if self.headers > MAX_HEADERS:
            raise TooMuch(f"超过 {MAX_HEADERS} 行信头", f"more than {MAX_HEADERS} headers")


class _Counted(Mail):
    """A part that counts itself, its headers and its depth while the parser creates it."""

    def __init__(self, tally: MailTally, policy: Policy = compat32) -> None:
        super().__init__(policy)
        self._tally, self._depth = tally, 0
        tally.part()

    def set_raw(self, name: str, value: Any) -> None:
        self._tally.header()
        super().set_raw(name, value)

    def attach(self, payload: Any) -> None:
        payload._depth = self._depth + 1
        if payload._depth > DEEPEST:
            raise TooMuch(f"嵌套超过 {DEEPEST} 层", f"parts within parts, more than {DEEPEST} deep")
        super().attach(payload)


def parsed(content: bytes, tally: MailTally | None = None) -> Mail:
    """Parse an e-mail; raises `TooMuch` at the first line, part or header beyond the limits."""
    # The parser accepts both characters as ends of lines.
    if max(content.count(b"\n"), content.count(b"\r")) > MAX_LINES:
        raise TooMuch(f"超过 {MAX_LINES} 行", f"more than {MAX_LINES} lines")
    parser = BytesFeedParser(partial(_Counted, tally or MailTally()))
    parser.feed(content)
    return parser.close()
