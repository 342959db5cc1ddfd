"""Compiles the declared steps of each status once, and then makes the recorded steps of each row."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from deploy.importing.folding import by_folded, looked_up
from deploy.importing.mapping import MappedStep
from deploy.importing.mapping import Mapping as Declaration
from deploy.importing.mapping_checks import names_in, texts
from deploy.importing.rows import BadRow
from deploy.importing.times import TimeParser
from deploy.importing.values import Cells
from shared.contracts.event_types import RECORDED

Values = Mapping[str, str | None]
RecordedData = dict[str, Any]
_WHY_NEEDED = "此状态必填 / must not be empty for this status"


class CompiledStep:
    """One declared step, ready to make the recorded step of a row."""

    def __init__(self, step: MappedStep, declared: Declaration, clock: TimeParser) -> None:
        self.step, self._clock, self._values = step, clock, declared.values
        fields = RECORDED[step.type].model_fields
        self._needed = {name for name, field in fields.items() if field.is_required()}
        self._times = {name for name in fields if name.endswith("_at")}
        names_by_key = {key: tuple(names_in(text)) for key, text in texts(step).items()}
        self._filled = [(key, step.data[key], names) for key, names in names_by_key.items() if names]
        self._data = {
            key: value if names_by_key.get(key) or not isinstance(value, str) else value.format()
            for key, value in step.data.items()
        }

    def of(self, cells: Cells, values: Values, after: datetime) -> RecordedData | None:
        """The recorded step of a row; None if the step is optional and its time is empty. Raises `BadRow`."""
        step = self.step
        if step.optional and not cells[step.at]:
            return None
        at = self._clock.at(cells, step.at, after)
        data = self._data.copy()  # keep the declared order: intake's fingerprint of a demand depends on it
        for key, text, names in self._filled:
            missing = next((name for name in names if values[name] is None), None)
            if missing and key in self._needed:
                raise BadRow(self._values[missing].column or "", "", _WHY_NEEDED)
            if missing:
                del data[key]
                continue
            filled = text.format_map(values)
            data[key] = self._clock.read(filled, self.column_of(key)).isoformat() if key in self._times else filled
        return {"at": at, "type": step.type, "data": data}

    def column_of(self, key: str) -> str:
        """The column of this part of the data, else the column of the step's time."""
        names = names_in(texts(self.step).get(key, ""))
        columns = [column for name in sorted(names) if (column := self._values[name].column)]
        return columns[0] if columns else self.step.at


class Histories:
    """The compiled steps of every status."""

    def __init__(self, declared: Declaration, clock: TimeParser) -> None:
        self._status = declared.status
        self._steps = {
            status: tuple(CompiledStep(step, declared, clock) for step in steps)
            for status, steps in declared.histories.items()
        }
        self._by_key = by_folded(self._steps)

    def mistakes(self, cells: Cells, values: Values, raised: datetime) -> list[BadRow]:
        """Every mistake in the steps of a row."""
        mistakes, last = [], raised
        try:
            declared = self._declared(cells)
        except BadRow as bad:
            return [bad]
        for declared_step in declared:
            try:
                recorded_step = declared_step.of(cells, values, last)
            except BadRow as bad:
                mistakes.append(bad)
            else:
                last = recorded_step["at"] if recorded_step else last
        return mistakes

    def _declared(self, cells: Cells) -> Sequence[CompiledStep]:
        if self._status is None:
            (only,) = self._steps.values()
            return only
        status = cells[self._status]
        declared = looked_up(self._steps, self._by_key, status)
        if declared is None:
            raise BadRow(self._status, status, f"未知状态 / not one of {', '.join(self._steps)}")
        return declared

    def of(self, cells: Cells, values: Values, raised: datetime) -> tuple[list[CompiledStep], list[RecordedData]]:
        """The steps of a row and their data, in order; raises `BadRow`."""
        steps, data, last = [], [], raised
        for declared_step in self._declared(cells):
            if recorded_step := declared_step.of(cells, values, last):
                steps.append(declared_step)
                data.append(recorded_step)
                last = recorded_step["at"]
        return steps, data
