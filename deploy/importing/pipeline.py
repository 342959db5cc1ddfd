"""The pipeline of an import: reads rows, translates them, and sends them to intake or records their refusal."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from deploy.importing.blame import column_behind
from deploy.importing.client import Batch, ImportTally, Numbered
from deploy.importing.progress_log import ProgressLog
from deploy.importing.redaction import Restorer
from deploy.importing.repeated import References, Repetition
from deploy.importing.rows import BadRow, SourceRow, Table
from deploy.importing.translation import Translator
from deploy.importing.visible import expected_status
from services.intake.submission.domain import RecordedDemand
from services.intake.submission.history_api import Row


@dataclass(slots=True)
class Pipeline:
    """Holds in memory only the rows that intake has not answered yet; `read` is the number of the last row read."""

    table: Table
    translator: Translator
    logbook: ProgressLog
    restoring: Restorer
    on_progress: Callable[[int], None]
    tally: ImportTally = field(default_factory=ImportTally)
    dry_run: bool = False
    read: int = 0
    good: int = 0
    expected_counts: Counter[str] = field(default_factory=Counter)
    _references: References = field(default_factory=References)
    _unanswered: dict[int, tuple[SourceRow, str]] = field(default_factory=dict)

    def __enter__(self) -> "Pipeline":
        return self

    def __exit__(self, *_: object) -> None:
        self._references.close()

    def demands(self) -> Iterator[Numbered]:
        """All valid rows with their numbers, without those that an earlier run has finished."""
        settled = self.logbook.done
        for row in self.table.rows:
            self.read += 1
            if self.read > settled:
                yield from self._translated(self.restoring.row(row))
            if not self.read % 500:
                self.on_progress(self.read)

    def _translated(self, row: SourceRow) -> Iterator[Numbered]:
        try:
            demand = self.translator.demand(row)
        except BadRow as bad:
            self._refuse(self.read, row, bad)
            return
        before = self._references.before(demand, row.place.line)
        if before and before.repetition is Repetition.OTHER:
            self._refuse(self.read, row, self._twice(row, demand, before.line))
            return
        self.good += 1
        if before and self._is_counted(before.repetition):
            return
        expected_state = expected_status(demand)
        if expected_state:
            self.expected_counts[expected_state] += 1
        self._unanswered[self.read] = row, expected_state
        yield self.read, demand

    def _is_counted(self, repetition: Repetition) -> bool:
        """Count a repeated row; returns whether intake need not be asked. In a dry run it cannot be asked, because
        intake has not stored the earlier row."""
        if repetition is Repetition.THE_SAME:
            self.tally.known += 1
            return True
        if self.dry_run:
            self.tally.moved_on += 1
        return self.dry_run

    def _twice(self, row: SourceRow, demand: RecordedDemand, line: int) -> BadRow:
        column = column_behind(("external_id",), self.translator.declared, ())
        reason = (
            f"此编号已在第 {line} 行出现，内容不同；请只保留一行，或改用另一编号"
            f" / this number stands in line {line} too, with other content: keep one of them, or give it another number"
        )
        return BadRow(column, row.cells.get(column, demand.external_id), reason)

    def refused(self, number: int, answer: Row) -> None:
        """Record that intake has refused a valid row."""
        row, expected_state = self._unanswered[number]
        self.good -= 1
        if expected_state:
            self.expected_counts[expected_state] -= 1
        self._refuse(number, row, self._fault(row, answer))

    def _fault(self, row: SourceRow, answer: Row) -> BadRow:
        column = self.translator.column_of(row, tuple((answer.field or "external_id").split(".")))
        reason = f"{answer.why_zh or '系统未接收'} / {answer.why or 'refused'}"
        return BadRow(column, row.cells.get(column, answer.external_id), reason)

    def _refuse(self, number: int, row: SourceRow, bad: BadRow) -> None:
        self.logbook.refuse(number, *self.restoring.hiding.refusal(row, bad))

    def answered(self, batch: Batch) -> None:
        """Record that intake has answered a batch: all rows before the oldest unanswered one are finished."""
        for number, _ in batch:
            del self._unanswered[number]
        oldest = next(iter(self._unanswered), self.read + 1)
        self.logbook.advance(oldest - 1)

    def forget(self) -> None:
        """Drop the unanswered rows: in a dry run without a client, no answers come."""
        self._unanswered.clear()
