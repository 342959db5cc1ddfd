"""A mapping, declared in YAML: where each value of a recorded demand stands in a row of another system."""

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


class Value(_Declared):
    """A column, through a table, the pack's names or a template; or always the same.

    `empty` stands in for nothing; `within` names the column of the wider place, for names that two places share;
    `endings` are what people leave out of a name.
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
        """What it reads."""
        yield from (name for name in (self.column, self.within) if name)


class Times(_Declared):
    """How times are written, first come first tried, and in which zone; ISO 8601 and date cells are understood too."""

    formats: tuple[str, ...] = ()
    zone: str


class DatesWithoutTime(_Declared):
    """At this time of day a time is a mere date: it is not before the step ahead of it on the same day."""

    at: time


class Step(_Declared):
    """One recorded fact; texts in `data` may name values in braces; an optional one is left out without its time."""

    type: str
    at: str
    data: dict[str, Any] = {}
    optional: bool = False


class Mapping(_Declared):
    """The whole declaration."""

    jurisdiction: str
    encoding: str = AUTO
    times: Times
    dates_without_time: DatesWithoutTime | None = None
    values: dict[str, Value]
    raised_at: str
    status: str
    histories: dict[str, tuple[Step, ...]] = Field(min_length=1)

    @cached_property
    def columns(self) -> frozenset[str]:
        """The columns that a file must have."""
        values = {name for value in self.values.values() for name in value.columns}
        steps = {step.at for history in self.histories.values() for step in history}
        return frozenset({self.raised_at, self.status} | values | steps)
