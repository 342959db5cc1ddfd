"""The progress log of an import, from which it continues after an interruption; only its owner can read the file."""

import fcntl
import os
from collections.abc import Iterator
from pathlib import Path
from shutil import copyfileobj
from tempfile import TemporaryFile
from types import TracebackType
from typing import IO, Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from deploy.importing.files import private, shortened
from deploy.importing.rows import BadRow, SourceRow, UnreadableFile


class _Line(BaseModel):
    model_config = ConfigDict(frozen=True)


class About(_Line):
    """The first line: an import continues only if all of these are the same."""

    kind: Literal["about"] = "about"
    file: str
    fingerprint: str
    mapping: str
    url: str


class RowsDone(_Line):
    """All rows up to this one (counted from one) were sent or refused."""

    kind: Literal["done"] = "done"
    row: int


class Mistake(_Line):
    """A mistake in a refused row."""

    column: str
    reason: str


class RefusedRow(Mistake):
    """A refused row, with its personal data hidden."""

    kind: Literal["refusal"] = "refusal"
    row: int
    file: str
    sheet: str
    line: int
    value: str
    also: tuple[Mistake, ...] = ()
    origin: str = ""
    cells: dict[str, str]


_LINE: TypeAdapter[About | RowsDone | RefusedRow] = TypeAdapter(
    Annotated[About | RowsDone | RefusedRow, Field(discriminator="kind")]
)


class ProgressLog:
    """The log of one import; `done` is the last row that is finished, also by an interrupted earlier run."""

    def __init__(self, path: Path, about: About, from_start: bool = False) -> None:
        self.path, self.done, self.refused = path, 0, 0
        self._origin = shortened(about.fingerprint)
        self._out = private(path, "ab")
        _lock(self._out, path)
        if not from_start and next(_read(path), None) == about:
            self.done = max((line.row for line in _read(path) if isinstance(line, RowsDone)), default=0)
        self._begin(about)

    def _begin(self, about: About) -> None:
        """Rewrite the log with the finished rows; refusals of later rows are dropped, as those rows are read again."""
        with TemporaryFile() as rest:
            _write(rest, about)
            for line in _read(self.path) if self.done else ():
                if isinstance(line, RefusedRow) and line.row <= self.done:
                    _write(rest, line)
                    self.refused += 1
            _write(rest, RowsDone(row=self.done))
            rest.seek(0)
            self._out.truncate(0)
            copyfileobj(rest, self._out)
        self._out.flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._out.close()

    def refuse(self, row: int, source: SourceRow, bad: BadRow) -> None:
        """Record a refused row."""
        place = source.place
        self.refused += 1
        cells = {name: _printable(cell) for name, cell in source.cells.items() if cell}
        _write(
            self._out,
            RefusedRow(
                row=row, file=place.file, sheet=place.sheet, line=place.line, column=bad.column,
                value=_printable(bad.value), reason=_printable(bad.reason), cells=cells,
                also=tuple(Mistake(column=more.column, reason=_printable(more.reason)) for more in bad.also),
                origin=self._origin if place.origin is None else place.origin,
            ),
        )  # fmt: skip

    def advance(self, row: int) -> None:
        """Record durably (with fsync) that all rows up to this one are finished."""
        if row > self.done:
            self.done = row
            _write(self._out, RowsDone(row=row))
            self._out.flush()
            os.fsync(self._out.fileno())

    def refusals(self) -> Iterator[RefusedRow]:
        """All refused rows so far."""
        self._out.flush()
        yield from (line for line in _read(self.path) if isinstance(line, RefusedRow))

    def finish(self) -> None:
        """Delete the log, because the import is complete."""
        self._out.close()
        self.path.unlink()


def _lock(file: IO[bytes], path: Path) -> None:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        raise UnreadableFile(f"{path}: 此文件正在导入 / another import of this file is running here") from None


def _read(path: Path) -> Iterator[About | RowsDone | RefusedRow]:
    """The lines of the log, up to the first broken one: an interrupted process may have left half a line at the end."""
    if not path.exists():
        return
    with path.open("rb") as lines:
        for line in lines:
            try:
                yield _LINE.validate_json(line)
            except ValidationError:
                return


def _write(file: IO[bytes], line: _Line) -> None:
    file.write(line.model_dump_json().encode() + b"\n")


def _printable(text: str) -> str:
    """The text with invalid bytes and NUL replaced by visible characters."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace").replace("\0", "␀")
