"""Separates an answer from the quoted e-mail below it, in the formats of different programs."""

import re
from collections.abc import Sequence
from typing import Final

# The line that QQ, Outlook and NetEase put above the quoted e-mail.
_ABOVE: Final = re.compile(
    r"[ \t\u00a0]*-{2,}[ \t\u00a0]*(?:原始邮件|邮件原件|原邮件|回复的原邮件|original(?: message)?|replied message)"
    r"[ \t\u00a0]*-*[ \t\u00a0]*",
    re.IGNORECASE,
)
# The headers of the quoted e-mail, as Outlook, Foxmail and NetEase's mobile app repeat them.
_FROM: Final = re.compile(r"[ \t*|]*(?:发件人|寄件者|发信人|from)[ \t*]*[:：|]", re.IGNORECASE)
_OTHER: Final = re.compile(
    r"[ \t*|]*(?P<name>发送时间|发送日期|发件时间|寄件日期|日期|时间|收件人|收件者|抄送|副本|主题|主旨"
    r"|sent|date|to|cc|subject)"
    r"[ \t*]*[:：|]",
    re.IGNORECASE,
)
_LINES_OF_HEADERS, _ENOUGH_HEADERS = 8, 2
# “At 2026-11-28 09:30:00, "…" <…> wrote:”, “在 2026年11月28日，上午9:30，… 写道：”, also on two lines.
_WROTE: Final = re.compile(r"\s*(?P<begin>(?:at|on|在|于)\s*\S*\d)?.{0,300}?(?:写道|wrote)\s*[:：]\s*", re.IGNORECASE)
_RULE: Final = re.compile(r"[ \t]*[_-]{5,}[ \t]*")


def unquoted(text: str) -> str:
    """The text without the quoted e-mail. A forwarded e-mail has no text above it, so it is kept."""
    lines = text.split("\n")
    end = next((n for n in range(len(lines)) if _begins_older(lines, n)), len(lines))
    text_above = _answer(lines[:end])
    return text_above or _answer(lines) or text


def _begins_older(lines: Sequence[str], n: int) -> bool:
    if _ABOVE.fullmatch(lines[n]):
        return True
    if not _FROM.match(lines[n]):
        return False
    below = (_OTHER.match(line) for line in lines[n + 1 : n + _LINES_OF_HEADERS])
    return len({match["name"].lower() for match in below if match}) >= _ENOUGH_HEADERS


def _answer(lines: Sequence[str]) -> str:
    """The text before, between and after quoted lines."""
    answer_lines: list[str] = []
    has_words = False
    last_quoted = max((n for n, line in enumerate(lines) if line.startswith(">")), default=-1)
    n = 0
    while n < len(lines):
        count = _attribution(lines, n)
        if count and n > last_quoted and has_words:
            break  # no line below is marked as quoted, so all of them belong to the quotation
        if not count and not lines[n].startswith(">"):
            answer_lines.append(lines[n])
            has_words = has_words or bool(lines[n].strip())
        n += count or 1
    while answer_lines and (not answer_lines[-1].strip() or _RULE.fullmatch(answer_lines[-1])):
        answer_lines.pop()
    return "\n".join(answer_lines).strip()


def _attribution(lines: Sequence[str], n: int) -> int:
    """How many lines name the author of the quotation below: none, one or two."""
    if _says_who(lines[n]):
        return 1
    if n + 1 == len(lines) or not lines[n].strip():
        return 0
    # If this line is enough alone, an address in the line above belongs to it; other text above is the citizen's.
    is_two = "@" in lines[n] if _says_who(lines[n + 1]) else _says_who(f"{lines[n]} {lines[n + 1]}")
    return 2 if is_two else 0


def _says_who(line: str) -> bool:
    """Whether a line names the author of a quotation. It must have an address or a time, because people also write “the
    notice says:”."""
    if len(line) > 400 or not line.rstrip().endswith((":", "：")):
        return False
    match = _WROTE.fullmatch(line)
    return bool(match and (match["begin"] or "@" in line))
