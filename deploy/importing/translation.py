"""Translates rows into recorded demands according to a mapping, and checks them with intake's rules."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from pydantic import ValidationError

from deploy.importing.blame import Where, column_behind, rule_faults, shape_faults
from deploy.importing.folding import unguarded
from deploy.importing.histories import CompiledStep, Histories
from deploy.importing.mapping import Mapping as Declaration
from deploy.importing.mapping_checks import CONTACT, TAKEN
from deploy.importing.rows import BadRow, SourceRow
from deploy.importing.times import TimeParser
from deploy.importing.values import Cells, compiled
from services.intake.submission.domain import RecordedDemand, check
from shared.contracts.refusals import Refused
from shared.jurisdiction.pack import Pack

EARLIEST: Final = datetime(1, 1, 2, tzinfo=UTC)
_DAMAGED: Final = re.compile("[\0\udc80-\udcff]")


class Translator:
    """A mapping that is compiled for one pack, so that each row is fast."""

    def __init__(self, declared: Declaration, pack: Pack, now: Callable[[], datetime]) -> None:
        self.declared, self._pack, self._now = declared, pack, now
        self._clock = TimeParser(declared.times, declared.dates_without_time)
        self._histories = Histories(declared, self._clock)
        self._values = [(name, compiled(value, pack)) for name, value in declared.values.items()]
        self._contact = [name for name in declared.values if name.startswith(CONTACT)]
        self._fields_taken = [name for name in declared.values if name in TAKEN]

    def demand(self, row: SourceRow) -> RecordedDemand:
        """The recorded demand of a row; raises `BadRow` with every mistake in it."""
        if row.bad:
            raise row.bad
        cells = self._cells(row)
        try:
            values = {name: value_of(cells) for name, value_of in self._values}
            raised = self._clock.at(cells, self.declared.raised_at)
            steps, history = self._histories.of(cells, values, raised)
        except BadRow:
            raise self._all_mistakes(cells) from None
        return self._checked(self._fields(values) | {"occurred_at": raised, "history": history}, cells, steps)

    def _fields(self, values: Mapping[str, str | None]) -> dict[str, Any]:
        fields: dict[str, Any] = {name: value for name in self._fields_taken if (value := values.get(name)) is not None}
        if values.get("lat") and values.get("lon"):
            fields["location"] = {"lat": values["lat"], "lon": values["lon"]}
        contact = {name.removeprefix(CONTACT): values[name] for name in self._contact if values.get(name)}
        if contact:
            fields["contact"] = contact
        return fields

    def _all_mistakes(self, cells: Cells) -> BadRow:
        """Every mistake of a row of which some cells cannot be read. It is slower than stopping at the first one."""
        values, mistakes = dict[str, str | None](), list[BadRow]()
        for name, value_of in self._values:
            try:
                values[name] = value_of(cells)
            except BadRow as bad:
                mistakes.append(bad)
        try:
            raised = self._clock.at(cells, self.declared.raised_at)
        except BadRow as bad:
            mistakes.append(bad)
            raised = EARLIEST
        known = {name: values.get(name, "") for name, _ in self._values}  # what is wrong already is not missing too
        mistakes += self._histories.mistakes(cells, known, raised)
        try:
            RecordedDemand.model_validate(self._fields(values) | {"occurred_at": raised})
        except ValidationError as fault:
            mistakes += self._blamed(shape_faults(fault), cells, [])
        return _one_of(mistakes)

    def column_of(self, row: SourceRow, where: Where) -> str:
        """The column of a field in the demand of this row; empty if no column caused the fault."""
        cells = self._cells(row)
        values = {name: value_of(cells) for name, value_of in self._values}
        steps, _ = self._histories.of(cells, values, self._clock.at(cells, self.declared.raised_at))
        return column_behind(where, self.declared, steps)

    def _cells(self, row: SourceRow) -> Cells:
        """The cells that the mapping reads, trimmed; raises `BadRow` for damaged or doubtful ones."""
        cells = {name: unguarded(row.cells[name].strip()) for name in self.declared.columns}
        for name in row.doubtful.keys() & self.declared.columns:
            raise BadRow(name, cells[name], row.doubtful[name])
        if _DAMAGED.search("".join(cells.values())):
            raise _damage(cells)
        return cells

    def _checked(self, fields: dict[str, Any], cells: Cells, steps: list[CompiledStep]) -> RecordedDemand:
        try:
            demand = RecordedDemand.model_validate(fields)
            check(demand, self._pack if self._pack.division(demand.division or "") else None, self._now())
        except ValidationError as fault:
            faults = shape_faults(fault)
        except Refused as refused:
            faults = rule_faults(refused, fields["history"])
        else:
            return demand
        raise _one_of(self._blamed(faults, cells, steps))

    def _blamed(self, faults: Iterable[tuple[Where, str]], cells: Cells, steps: Sequence[CompiledStep]) -> list[BadRow]:
        columns = [(column_behind(where, self.declared, steps), reason) for where, reason in faults]
        return [BadRow(column, cells.get(column, ""), reason) for column, reason in columns]


def _one_of(mistakes: Sequence[BadRow]) -> BadRow:
    """The first mistake with all others, one for each column: a second one there often follows from the first."""
    by_column = {mistake.column: mistake for mistake in reversed(mistakes)}
    first, *others = [mistake for mistake in mistakes if by_column[mistake.column] is mistake]
    return BadRow(first.column, first.value, first.reason, others)


def _damage(cells: Cells) -> BadRow:
    column, text = next((name, text) for name, text in cells.items() if _DAMAGED.search(text))
    if "\0" in text:
        return BadRow(column, text, "含有空字符 / contains a NUL character")
    return BadRow(column, text, "文字编码有误 / is not valid in the file's encoding, such as UTF-8")
