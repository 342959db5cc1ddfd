"""A mapping, declared in YAML: how a row of another system's file becomes a recorded demand."""

from collections.abc import Mapping as Map
from datetime import datetime, time
from functools import cached_property
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from services.intake.domain import RecordedDemand
from shared.contracts.catalogue import recorded
from shared.contracts.facts import RecordedStep
from shared.contracts.refusals import Refused

FOLDER: Final = Path(__file__).parents[1] / "mappings"
Row = Map[str, str]


class BadRow(ValueError):
    """A row that cannot be read: the column, the value found there, and why."""

    def __init__(self, column: str, value: str, reason: str) -> None:
        super().__init__(f"{column}: {reason}")
        self.column, self.value, self.reason = column, value, reason


class UnknownMapping(LookupError):
    """There is no mapping of this name; the message lists those that there are."""


class _Declared(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Value(_Declared):
    """Where a value comes from: a column, through a table or a template; `empty` stands in for nothing."""

    column: str
    map: dict[str, str] | None = None
    template: str = "{value}"
    empty: str | None = None
    optional: bool = False

    def of(self, row: Row) -> str | None:
        """The value for this row; None only where it is optional. Raises `BadRow`."""
        found = (row[self.column] or "").strip()
        if not found:
            if self.empty is None and not self.optional:
                raise BadRow(self.column, found, "必填 / must not be empty")
            return self.empty
        if self.map is None:
            return self.template.format(value=found)
        if found not in self.map:
            raise BadRow(self.column, found, f"不在映射表中 / not one of {', '.join(self.map)}")
        return self.map[found]


class Times(_Declared):
    """How times are written, and in which zone."""

    format: str
    zone: str


class DatesWithoutTime(_Declared):
    """At this time of day a time is a mere date; it is not before the other column on the same day."""

    at: time
    not_before: str


class Step(_Declared):
    """One recorded fact; texts in `data` may name values in braces."""

    type: str
    at: str
    data: dict[str, Any] = {}


class Mapping(_Declared):
    """The whole declaration."""

    jurisdiction: str
    encoding: str
    times: Times
    dates_without_time: DatesWithoutTime | None = None
    values: dict[str, Value]
    raised_at: str
    status: str
    histories: dict[str, tuple[Step, ...]]

    @cached_property
    def columns(self) -> frozenset[str]:
        """The columns that a file must have."""
        steps = {step.at for history in self.histories.values() for step in history}
        return frozenset({value.column for value in self.values.values()} | steps | {self.raised_at, self.status})

    @cached_property
    def _zone(self) -> ZoneInfo:
        return ZoneInfo(self.times.zone)

    def demand(self, row: Row) -> RecordedDemand:
        """The recorded demand of a row; raises `BadRow`."""
        values = {name: value.of(row) for name, value in self.values.items()}
        lat, lon = values.pop("lat", None), values.pop("lon", None)
        told = {name: values[name] for name in values if name in RecordedDemand.model_fields}
        place = {"lat": lat, "lon": lon} if lat and lon else None
        try:
            return RecordedDemand.model_validate(
                told
                | {"occurred_at": self._time(row, self.raised_at), "location": place}
                | {"history": tuple(self._history(row, values))}
            )
        except ValidationError as fault:
            first = fault.errors(include_url=False)[0]
            name = str(first["loc"][0]) if first["loc"] else ""
            column = self.values[name].column if name in self.values else name
            raise BadRow(column, str(first.get("input", ""))[:80], first["msg"]) from None

    def _history(self, row: Row, values: Map[str, str | None]) -> list[RecordedStep]:
        status = row[self.status].strip()
        if status not in self.histories:
            raise BadRow(self.status, status, f"未知状态 / not one of {', '.join(self.histories)}")
        steps, last = [], (self.raised_at, self._time(row, self.raised_at))
        for step in self.histories[status]:
            at = self._time(row, step.at)
            if at < last[1]:
                raise BadRow(step.at, row[step.at], f"早于 / before {last[0]} {row[last[0]]}")
            steps.append(_step(step, at, values))
            last = (step.at, at)
        return steps

    def _time(self, row: Row, column: str) -> datetime:
        written = row[column].strip()
        try:
            read = datetime.strptime(written, self.times.format).replace(tzinfo=self._zone)
        except ValueError:
            raise BadRow(column, written, f"时间格式应为 / a time must look like {self.times.format}") from None
        rule = self.dates_without_time
        if rule and read.time() == rule.at and column != rule.not_before:
            earliest = self._time(row, rule.not_before)
            if earliest.date() == read.date():
                return max(read, earliest)
        return read


def _step(step: Step, at: datetime, values: Map[str, str | None]) -> RecordedStep:
    data = {name: text.format_map(values) if isinstance(text, str) else text for name, text in step.data.items()}
    told = RecordedStep(at=at, type=step.type, data=data)
    try:
        recorded(told)
    except Refused as refused:
        raise BadRow(step.at, str(data), refused.en) from None
    return told


def load(name: str, folder: Path = FOLDER) -> Mapping:
    """The mapping of this name; raises `UnknownMapping`."""
    path = folder / f"{name}.yaml"
    if not path.is_file():
        known = ", ".join(sorted(one.stem for one in folder.glob("*.yaml")))
        raise UnknownMapping(f"there is no mapping {name!r}; known mappings: {known}")
    return Mapping.model_validate(yaml.safe_load(path.read_text("utf-8")))
