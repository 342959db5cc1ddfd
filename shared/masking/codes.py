"""What lets whoever has it act as the citizen: the secret code of a demand, and a link to rate its answer.

Citizens quote our own messages back to us. A code is eight letters and digits, behind a word for it or behind the
number of its demand; there it must look like none of the words that may follow a number (“this road”, “sidewalk”).
"""

import re
from typing import Final

CODE: Final = r"[0-9A-Za-z]{4}[ -]?[0-9A-Za-z]{4}(?![0-9A-Za-z])"
_NO_WORD: Final = r"(?=[A-Za-z -]{0,8}\d|[A-Z]{4}[ -]?[A-Z]{4}(?![a-z]))(?!20\d\d[01]\d[0-3]\d)"
NUMBER: Final = r"[A-Za-z]{2}\d{2}[\s\-－—]?\d{6,}[\s\-－—]?[0-9A-Za-z](?![0-9A-Za-z])"
# How a number begins; looked for in what is left of a text in ASCII, which is little of a Chinese one.
_SIGN: Final = re.compile(rb"[A-Za-z]{2}\d{2}[\s-]?\d{6}")
_BETWEEN: Final = r"[\s,.:;，。：；、]{0,3}(?:[Cc]ode[\s:：]{0,3})?"
_SAID: Final = re.compile(rf"(查询码[\s:：是为]{{0,3}}){CODE}")
_NUMBERED: Final = re.compile(rf"({NUMBER}{_BETWEEN}){_NO_WORD}{CODE}")
_ASKED: Final = re.compile(r"([?&]code=)[^&\s［]+")
_LINK: Final = re.compile(r"(/(?:rate|follow)/)[\w.~-]{16,}")
_LABEL: Final = r"\1［查询码］"


def hide_codes(text: str) -> str:
    """Without secret codes and links to rate."""
    if "查询码" in text:
        text = _SAID.sub(_LABEL, text)
    if "/rate/" in text or "/follow/" in text:
        text = _LINK.sub(r"\1［链接］", text)
    if "code=" in text:
        text = _ASKED.sub(_LABEL, text)
    return _NUMBERED.sub(_LABEL, text) if _SIGN.search(text.encode("ascii", "ignore")) else text
