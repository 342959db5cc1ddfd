"""The parts of pages that macros render, with default values, so that a template never meets a missing value."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

Sorted = Literal["", "ascending", "descending"]


@dataclass(frozen=True, slots=True)
class Link:
    """A link in the navigation, or in an empty list."""

    href: str
    words: str
    current: bool = False


@dataclass(frozen=True, slots=True)
class Tab:
    """A tab for a view of a list; `tone` is the colour of a count that is not 0."""

    href: str
    words: str
    count: int | None = None
    current: bool = False
    tone: Literal["", "overdue", "soon"] = ""


@dataclass(frozen=True, slots=True)
class Mark:
    """A short mark beside a title, such as 催办2次, with an optional link."""

    words: str
    href: str = ""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a data table; `href` sorts by it, `sorted` is the current order."""

    words: str
    href: str = ""
    sorted: Sorted = ""
    kind: Literal["", "check", "number"] = ""


@dataclass(frozen=True, slots=True)
class RowGroup:
    """Rows of a table that belong together, under a title row if `title` is set. The page defines the type of rows."""

    rows: Sequence[Any]
    title: str = ""


@dataclass(frozen=True, slots=True)
class CommandButton:
    """A command that is possible now: a link to a form page (`href`), or a button that posts `fields` to `action`."""

    words: str
    href: str = ""
    action: str = ""
    hint: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)
    primary: bool = False
    danger: bool = False


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of a timeline: `when` in words, `iso` for machines, `until` the due time that it sets, `files` its
    attachments."""

    when: str
    iso: str
    what: str
    who: str = ""
    words: str = ""
    until: str = ""
    strong: bool = False
    files: Sequence[Link] = ()


@dataclass(frozen=True, slots=True)
class SummaryRow:
    """A row of a summary list; `change` is the link for correcting it."""

    label: str
    words: str
    change: str = ""


@dataclass(frozen=True, slots=True)
class Bar:
    """A row of a bar chart: `words` is the value as text, `href` the list behind it, `tone` one of four colours."""

    label: str
    value: float
    words: str
    href: str = ""
    tone: Literal[1, 2, 3, 4] = 1
