"""What pages hand to the macros: each part with its defaults, so that a template asks for nothing that is missing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

Sorted = Literal["", "ascending", "descending"]


@dataclass(frozen=True, slots=True)
class Link:
    """An entry of the navigation, or where an empty list sends people."""

    href: str
    words: str
    current: bool = False


@dataclass(frozen=True, slots=True)
class Tab:
    """A view of a list; `tone` colours a count that is not 0: overdue or soon."""

    href: str
    words: str
    count: int | None = None
    current: bool = False
    tone: Literal["", "overdue", "soon"] = ""


@dataclass(frozen=True, slots=True)
class Mark:
    """A sign beside a title, such as 催办2次; `href` leads to what it is about."""

    words: str
    href: str = ""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a data table; `href` sorts by it, `sorted` says how the table is sorted by it now."""

    words: str
    href: str = ""
    sorted: Sorted = ""
    kind: Literal["", "check", "number"] = ""


@dataclass(frozen=True, slots=True)
class Group:
    """Rows that belong together; without a title they have no row above them. The page knows what a row is."""

    rows: Sequence[Any]
    title: str = ""


@dataclass(frozen=True, slots=True)
class Command:
    """What somebody may do now: `href` is a page that asks for more, `action` takes a form with `fields` at once."""

    words: str
    href: str = ""
    action: str = ""
    hint: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)
    primary: bool = False
    danger: bool = False


@dataclass(frozen=True, slots=True)
class Entry:
    """A step of a timeline: `when` in words, `iso` for machines, `until` by when somebody has to act on it,
    `files` what came with it."""

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
    """A fact of a summary list; `change` is where it can be corrected."""

    label: str
    words: str
    change: str = ""


@dataclass(frozen=True, slots=True)
class Bar:
    """A row of a chart: `words` is the value as it is written, `href` what it counts, `tone` one of four colours."""

    label: str
    value: float
    words: str
    href: str = ""
    tone: Literal[1, 2, 3, 4] = 1
