"""Detects whether a file is UTF-8 or GB18030 from all its lines, and refuses to guess."""

import codecs
import re
from collections.abc import Set
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from deploy.importing.folding import folded
from deploy.importing.rows import UnreadableFile

AUTO: Final = "auto"
UTF8: Final = "utf-8-sig"
GB: Final = "gb18030"
_MOST: Final = 0.9
_COMMON: Final = 0.8
_FOREIGN: Final = re.compile("[^\0-\x7f]+")
_LATIN: Final = re.compile("[\x80-\u024f]{1,2}")
_THREE_BYTES: Final = re.compile("[^\0-\u07ff]")


@dataclass(frozen=True, slots=True)
class Encoding:
    """The codec, a description for the user, and the number of lines of the file."""

    codec: str
    words: str
    lines: int


@dataclass(slots=True)
class _Count:
    """Counts properties of the lines that are not pure ASCII."""

    lines: int = 0
    foreign: int = 0
    utf8: int = 0
    latin: int = 0
    gb: int = 0
    common: int = 0
    accented: int = 0

    def add(self, line: bytes) -> None:
        self.lines += 1
        if line.isascii():
            return
        self.foreign += 1
        read = _decoded(line, "utf-8")
        self.utf8 += read is not None
        if read is None or not _THREE_BYTES.search(read):
            self.latin += read is not None
            self.accented += read is not None and _is_accented(read)
            self.gb += _decoded(line, GB) is not None
            self.common += _decoded(line, "gb2312") is not None


def encoding_of(path: Path, declared: str, columns: Set[str]) -> Encoding:
    """The declared encoding, or the detected one, for which the whole file is read; raises `UnreadableFile` if it is
    not certain."""
    count, head = _Count(), []
    with path.open("rb") as lines:
        for line in lines:
            count.add(line)
            if count.lines <= 20:
                head.append(line)
    if declared != AUTO:
        with_mark = codecs.lookup(declared).name == "utf-8"
        return Encoding(UTF8 if with_mark else declared, f"{declared}（已声明 declared）", count.lines)
    codec, reason = _found(count, b"".join(head), columns)
    if codec is None:
        raise UnreadableFile(
            f"{path}: 无法判断文字编码，请在映射中写明 encoding: gb18030 或 utf-8"
            f" / the encoding cannot be told; declare it in the mapping"
        )
    return Encoding(codec, f"{'GB18030' if codec == GB else 'UTF-8'}（{reason}）", count.lines)


def _found(count: _Count, head: bytes, columns: Set[str]) -> tuple[str | None, str]:
    if head.startswith(b"\xef\xbb\xbf"):
        return UTF8, "有 BOM / by its BOM"
    if not count.foreign:
        return UTF8, "仅含 ASCII / only ASCII"
    readable_codecs = [codec for codec in (UTF8, GB) if _names_columns(head, codec, columns)]
    if len(readable_codecs) == 1:
        return readable_codecs[0], "据列名判断 / by its column names"
    if count.utf8 >= _MOST * count.foreign and count.latin < count.utf8:
        broken = count.foreign - count.utf8
        return UTF8, f"据内容判断，{broken} 行有误 / by its content, {broken} broken lines"
    if count.utf8 >= _MOST * count.foreign and count.accented >= _MOST * count.foreign:
        return UTF8, "据内容判断，仅有拉丁字母 / by its content, Latin letters alone"
    surely = count.gb >= _MOST * count.foreign and count.common >= _COMMON * count.foreign
    if surely and not count.utf8:
        return GB, "据内容判断 / by its content"
    return None, ""


def _names_columns(head: bytes, codec: str, columns: Set[str]) -> bool:
    """Whether the first lines, read with this codec, contain all non-ASCII names of columns."""
    text = folded(head.decode(codec, "replace"))
    names = [folded(name) for name in columns if not name.isascii()]
    return bool(names) and all(name in text for name in names)


def _is_accented(line: str) -> bool:
    """Whether all non-ASCII characters are Latin letters inside words, as in café; Chinese text in GB18030 is not."""
    runs = list(_FOREIGN.finditer(line))
    return all(_LATIN.fullmatch(run[0]) for run in runs) and any(_touches(line, run) for run in runs)


def _touches(line: str, run: re.Match[str]) -> bool:
    """Whether a run of one letter has a letter on one side; a run of two, as in Größe, on both sides."""
    neighbours = line[max(run.start() - 1, 0) : run.start()], line[run.end() : run.end() + 1]
    return sum(character.isalpha() for character in neighbours) >= len(run[0])


def _decoded(line: bytes, codec: str) -> str | None:
    try:
        return line.decode(codec)
    except UnicodeDecodeError:
        return None
