"""Bytes that a program wrote, as text: by the charset that it names, or by the one that it means."""

from contextlib import suppress
from typing import Final

# Mail programs say gb2312 and mean its superset.
_MEANT: Final = {"gb2312": "gb18030", "gbk": "gb18030", "us-ascii": "utf-8"}


def decoded(written: bytes, named: str) -> str:
    """The text; what no charset fits keeps its place with a sign."""
    named = named.lower()
    for charset in (_MEANT.get(named, named), "utf-8", "gb18030"):
        # Python knows charsets that are none (`undefined`), and a NUL in a name is a ValueError.
        with suppress(LookupError, ValueError):
            return written.decode(charset)
    return written.decode("utf-8", "replace")
