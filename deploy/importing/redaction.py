"""Hides personal data in error files, and restores it from the source file when a corrected row is imported."""

import re
from collections.abc import Iterator, Set
from collections.abc import Mapping as Mapped
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from deploy.importing.files import fingerprint, shortened
from deploy.importing.mapping import Mapping
from deploy.importing.mapping_checks import CONTACT
from deploy.importing.readers import opened
from deploy.importing.rows import BadRow, BrokenRow, RowPosition, SourceRow
from shared.masking import mask

HIDDEN: Final = "［隐去 hidden］"
MARKED: Final = re.compile(rf"{HIDDEN}|［\w{{2,5}}］")
"""The mark of hidden cells, and the labels of `mask`."""
_HIDDEN: Final = re.compile(HIDDEN)
_NOWHERE: Final = RowPosition("", "", 0)
_MOVED: Final = "隐去的内容不在原处，请填写完整 / what is hidden cannot be found from here: write it in full"


class NotRestored(LookupError):
    """Hidden data cannot be restored from the source file; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Redaction:
    """Hides contacts and unknown columns as a whole, and masks personal data in other columns."""

    contacts: frozenset[str]
    known: frozenset[str]

    @classmethod
    def of(cls, mapping: Mapping) -> "Redaction":
        """From the columns of a mapping."""
        contact_columns = (value.column for name, value in mapping.values.items() if name.startswith(CONTACT))
        return cls(frozenset(column for column in contact_columns if column), mapping.columns | {""})

    def cell(self, column: str, text: str) -> str:
        """The content of a cell that may be stored."""
        return HIDDEN if text and (column in self.contacts or column not in self.known) else mask(text)

    def refusal(self, row: SourceRow, bad: BadRow) -> tuple[SourceRow, BadRow]:
        """A refused row and its reason, with only the content that may be stored."""
        hide = _whole if isinstance(bad, BrokenRow) else self.cell
        cells = {column: hide(column, text) for column, text in row.cells.items()}
        hidden = [BadRow(one.column, hide(one.column, one.value), mask(one.reason)) for one in (bad, *bad.also)]
        return replace(row, cells=cells), BadRow(hidden[0].column, hidden[0].value, hidden[0].reason, hidden[1:])


def _whole(column: str, text: str) -> str:
    return HIDDEN if text else ""


@dataclass(slots=True)
class Restorer:
    """Restores the hidden cells in the rows of an error file; corrected cells stay as they are."""

    hiding: Redaction
    mapping: Mapping
    folders: tuple[Path, ...]
    _open: ExitStack = field(default_factory=ExitStack)
    _source: tuple[str, str | None] | None = None
    _origins: dict[Path, str] = field(default_factory=dict)
    _rows: Iterator[SourceRow] = field(default_factory=lambda: iter(()))
    _last: RowPosition = _NOWHERE

    def __enter__(self) -> "Restorer":
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    @property
    def sources(self) -> Set[Path]:
        """The source files that were read."""
        return self._origins.keys()

    def row(self, row: SourceRow) -> SourceRow:
        """The row with its hidden cells restored; it is refused if that is not possible."""
        if row.bad or not any("［" in text for text in row.cells.values()):
            return row
        try:
            cells = self._restored(row)
        except NotRestored as fault:
            return self._without(row, MARKED, str(fault))
        return self._without(replace(row, cells=cells), _HIDDEN, _MOVED)

    def _without(self, row: SourceRow, marks: re.Pattern[str], reason: str) -> SourceRow:
        """The row, refused if a cell that would be imported contains a mark."""
        hidden = next(
            (name for name in row.cells if name in self.mapping.columns and marks.search(row.cells[name])), ""
        )
        return replace(row, bad=BadRow(hidden, row.cells[hidden], reason)) if hidden else row

    def _restored(self, row: SourceRow) -> Mapped[str, str]:
        if row.place.origin is None:
            return row.cells
        source = self._find(row.place)
        if isinstance(source.bad, BrokenRow):
            raise NotRestored(source.bad.reason)
        return {column: self._cell(column, text, source) for column, text in row.cells.items()}

    def _cell(self, column: str, text: str, source: SourceRow) -> str:
        original = source.cells.get(column, "")
        return original if original and text in (HIDDEN, self.hiding.cell(column, original)) else text

    def _find(self, place: RowPosition) -> SourceRow:
        """The source row at this place. Rows usually come in the order of the source, so it is read once; if not, it is
        read again from the beginning."""
        passed = place.sheet == self._last.sheet and place.line <= self._last.line
        if not passed and (place.file, place.origin) == self._source and (row := self._search(place)):
            return row
        self._begin(place)
        if row := self._search(place):
            return row
        raise NotRestored(
            f"{place.file} 中没有这一行，请勿改动文件、行和工作表三列"
            f" / {place.file} has no such row: leave the columns of file, line and sheet as they were"
        )

    def _search(self, place: RowPosition) -> SourceRow | None:
        for row in self._rows:
            self._last = at = row.place
            if (at.line, at.sheet, at.file) == (place.line, place.sheet, place.file):
                return row
        return None

    def _begin(self, place: RowPosition) -> None:
        self._open.close()
        self._source, self._rows, self._last = None, iter(()), _NOWHERE
        path = self._unchanged(place)
        table = self._open.enter_context(opened(path, self.mapping.encoding, self.mapping.columns))
        self._source, self._rows = (place.file, place.origin), iter(table.rows)

    def _unchanged(self, place: RowPosition) -> Path:
        """The path of the source file, if its content has not changed: another file has other citizens in its lines."""
        name = place.file
        paths = [folder / name for folder in self.folders if name and (folder / name).is_file()]
        if not paths:
            raise NotRestored(
                f"隐去的内容在原文件中，请把 {name} 放在同一文件夹"
                f" / what is hidden is in the source: put {name} beside this file"
            )
        self._origins |= {path: shortened(fingerprint(path)) for path in paths if path not in self._origins}
        path = next((path for path in paths if self._origins[path] == place.origin), None)
        if path is None:
            raise NotRestored(
                f"原文件 {name} 在生成本错误文件后已变动，请放回当时的文件，或把隐去的内容填写完整"
                f" / {name} has changed since this error file was made: put the file of that time beside it,"
                " or write in full what is hidden"
            )
        return path
