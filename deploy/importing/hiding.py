"""Hides personal data in what is kept of refused rows, and takes it from the source again when they come back."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from deploy.importing.mapping import Mapping
from deploy.importing.mistakes import CONTACT
from deploy.importing.readers import opened
from deploy.importing.rows import BadRow, Place, SourceRow
from shared.masking import mask

HIDDEN: Final = "［隐去 hidden］"


@dataclass(frozen=True, slots=True)
class Hiding:
    """Contacts are hidden as a whole, in other cells what points to a person."""

    contacts: frozenset[str]

    @classmethod
    def of(cls, mapping: Mapping) -> "Hiding":
        """By what the mapping says of the columns."""
        named = (value.column for name, value in mapping.values.items() if name.startswith(CONTACT))
        return cls(frozenset(column for column in named if column))

    def cell(self, column: str, text: str) -> str:
        """What may be kept of a cell."""
        return HIDDEN if text and column in self.contacts else mask(text)

    def refusal(self, row: SourceRow, bad: BadRow) -> tuple[SourceRow, BadRow]:
        """What may be kept of a refused row and of its reason."""
        cells = {column: self.cell(column, text) for column, text in row.cells.items()}
        return replace(row, cells=cells), BadRow(bad.column, self.cell(bad.column, bad.value), mask(bad.reason))


@dataclass(slots=True)
class Restoring:
    """Gives the rows of an error file their hidden cells back; a cell that was corrected stays as it is."""

    hiding: Hiding
    mapping: Mapping
    folders: tuple[Path, ...]
    _open: ExitStack = field(default_factory=ExitStack)
    _source: str = ""
    _rows: Iterator[SourceRow] = field(default_factory=lambda: iter(()))
    _line: int = 0

    def __enter__(self) -> "Restoring":
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def row(self, row: SourceRow) -> SourceRow:
        """The row as a person meant it."""
        if not any("［" in text for text in row.cells.values()):
            return row
        source = self._find(row.place)
        if source:
            return replace(row, cells={column: self._cell(column, text, source) for column, text in row.cells.items()})
        hidden = next((column for column, text in row.cells.items() if text == HIDDEN), None)
        if hidden is None or row.bad:
            return row
        why = (
            f"隐去的内容在原文件中，请把 {row.place.file} 放在同一文件夹"
            f" / what is hidden is in the source: put {row.place.file} beside this file"
        )
        return replace(row, bad=BadRow(hidden, "", why))

    def _cell(self, column: str, text: str, source: SourceRow) -> str:
        original = source.cells.get(column, "")
        return original if text == self.hiding.cell(column, original) else text

    def _find(self, place: Place) -> SourceRow | None:
        if place.file != self._source or place.line <= self._line:
            self._begin(place.file)
        for row in self._rows:
            self._line = row.place.line
            if (row.place.sheet, row.place.line) == (place.sheet, place.line):
                return row
        return None

    def _begin(self, name: str) -> None:
        """Rows come back in the order of the source, so that it is read once."""
        self._open.close()
        self._source, self._line, self._rows = name, 0, iter(())
        path = next((folder / name for folder in self.folders if name and (folder / name).is_file()), None)
        if path:
            table = self._open.enter_context(opened(path, self.mapping.encoding, self.mapping.columns))
            self._rows = iter(table.rows)
