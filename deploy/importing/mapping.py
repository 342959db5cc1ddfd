"""The model of a mapping in YAML: from which column each value of a recorded demand comes."""

from collections.abc import Iterator
from datetime import time
from functools import cached_property
from pathlib import Path
from typing import Any, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from deploy.importing.readers.encoding import AUTO

FOLDER: Final = Path(__file__).parents[1] / "mappings"
Lookup = Literal["division", "category", "unit"]


class _Declared(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class MappedValue(_Declared):
    """A value from a column, through a table, the pack's names or a template; or a constant (`always`).

    `empty` is the value for an empty cell; `within` is the column of the larger division, for names that two divisions
    share; `endings` are endings of names that people leave out.
    """

    column: str | None = None
    always: str | None = None
    map: dict[str, str] | None = None
    lookup: Lookup | None = None
    within: str | None = None
    endings: tuple[str, ...] = ()
    template: str = "{value}"
    empty: str | None = None
    optional: bool = False

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if (self.column is None) == (self.always is None):
            raise ValueError("say either `column` or `always`")
        if self.map is not None and self.lookup:
            raise ValueError("say either `map` or `lookup`")
        if self.within and self.lookup != "division":
            raise ValueError("`within` goes with `lookup: division`")
        return self

    @property
    def columns(self) -> Iterator[str]:
        """The columns that it reads."""
        yield from (name for name in (self.column, self.within) if name)


class Times(_Declared):
    """The formats of times, which are tried in order, and their zone. ISO 8601 and date cells are always accepted."""

    formats: tuple[str, ...] = ()
    zone: str


class DatesWithoutTime(_Declared):
    """Times with this time of day are dates only: such a step counts as not earlier than the one before it on that
    day."""

    at: time


class MappedStep(_Declared):
    """A recorded step; texts in `data` may name values in braces. An optional step is left out if its time is empty."""

    type: str
    at: str
    data: dict[str, Any] = {}
    optional: bool = False


class Mapping(_Declared):
    """The whole mapping; `histories` declares the steps of each status. A file without a column of the status has one
    history for every row."""

    jurisdiction: str
    encoding: str = AUTO
    times: Times
    dates_without_time: DatesWithoutTime | None = None
    values: dict[str, MappedValue]
    raised_at: str
    status: str | None = None
    histories: dict[str, tuple[MappedStep, ...]] = Field(min_length=1)

    @cached_property
    def columns(self) -> frozenset[str]:
        """The columns that a file must have."""
        values = {name for value in self.values.values() for name in value.columns}
        steps = {step.at for history in self.histories.values() for step in history}
        return frozenset({self.raised_at, *([self.status] if self.status else [])} | values | steps)
