"""Findings of the doctor's checks: the severity, a text in two languages, and the next step for the operator."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import IntEnum
from typing import Any, Final, NamedTuple

from shared.chassis.base.clock import now

SERVERS: Final = ("database", "broker")
"""The checks of PostgreSQL and Kafka."""
COUNTED_UP_TO: Final = 10_000
"""The most rows that a check or gauge counts: no query may read the whole of a growing table."""
_SIZES: Final = ((86_400, "day", "天"), (3600, "hour", "小时"), (60, "minute", "分钟"))


class Words(NamedTuple):
    """A part of a sentence in both languages."""

    en: str
    zh: str

    def __bool__(self) -> bool:
        return bool(self.en)


NONE: Final = Words("", "")


class Severity(IntEnum):
    """Ordered: the worst severity of all findings decides the exit code of `huying doctor`."""

    OK = 0
    NOT_LOOKED_AT = 1
    WARNING = 2
    BROKEN = 3


@dataclass(frozen=True, slots=True)
class Finding:
    """What was checked, what is wrong with it (empty if nothing), and what to do next.

    `check` is the name of the check, for scripts and for the table in `docs/operating/repair.md`; the code that runs
    the checks sets it.
    """

    what: Words
    wrong: Words = NONE
    step: Words = NONE
    severity: Severity = Severity.OK
    check: str = ""

    def __str__(self) -> str:
        return ": ".join(words.en for words in (self.what, self.wrong, self.step) if words)

    def in_chinese(self) -> str:
        """The finding as one line of Chinese."""
        return "：".join(words.zh for words in (self.what, self.wrong, self.step) if words)

    def document(self) -> dict[str, Any]:
        """As a JSON document; `of_document` is the inverse."""
        parts = {"what": self.what, "wrong": self.wrong, "step": self.step}
        words = {name: words._asdict() if words else None for name, words in parts.items()}
        return {"check": self.check, "severity": self.severity.name.lower(), **words}

    @classmethod
    def of_document(cls, document: dict[str, Any]) -> "Finding":
        """Parse a document, maybe of another version; raises `KeyError`, `TypeError` or `ValueError`."""
        what, wrong, step = (
            Words(str(words["en"]), str(words["zh"])) if (words := document[name]) else NONE
            for name in ("what", "wrong", "step")
        )
        return cls(what, wrong, step, Severity[str(document["severity"]).upper()], str(document["check"]))


def ok(what: Words) -> Finding:
    """A finding that all is well."""
    return Finding(what)


def not_checked(what: Words, why: Words, step: Words = NONE) -> Finding:
    """A finding that the check could not be made."""
    return Finding(what, why, step, Severity.NOT_LOOKED_AT)


def warning(what: Words, wrong: Words, step: Words = NONE) -> Finding:
    """A finding that needs attention, while the service goes on."""
    return Finding(what, wrong, step, Severity.WARNING)


def broken(what: Words, wrong: Words, step: Words = NONE) -> Finding:
    """A finding that something does not work, or is lost, until somebody repairs it."""
    return Finding(what, wrong, step, Severity.BROKEN)


def named(check: str, findings: Iterable[Finding]) -> list[Finding]:
    """The findings with the name of their check, unless they have a name already."""
    return [finding if finding.check else replace(finding, check=check) for finding in findings]


def worst_first(findings: Iterable[Finding]) -> list[Finding]:
    """The findings by severity, the worst first. Of one severity those of the servers come first, since every process
    fails while a server is away; the others keep their order."""
    return sorted(findings, key=lambda finding: (-finding.severity, finding.check not in SERVERS))


def exit_code(findings: Iterable[Finding]) -> int:
    """The exit code: 0 if all is well, 1 for warnings or checks that were not made, 2 if something is broken."""
    worst = max((finding.severity for finding in findings), default=Severity.NOT_LOOKED_AT)
    return {Severity.OK: 0, Severity.BROKEN: 2}.get(worst, 1)


def figure(number: int, most: int = COUNTED_UP_TO) -> str:
    """A number of rows as text: `2,000`, or `10,000+` if counting stopped at `most`."""
    return f"{number:,}+" if number >= most else f"{number:,}"


def counted(number: int, one: str, many: str, most: int = COUNTED_UP_TO) -> str:
    """A number of rows with its noun: `1 fact`, `2,000 facts`, `10,000+ facts`."""
    return f"{figure(number, most)} {one if number == 1 else many}"


def duration_words(seconds: float) -> Words:
    """A duration in its largest full measure: 3 hours, 3小时."""
    for size, en, zh in _SIZES:
        if seconds >= size:
            count = int(seconds // size)
            return Words(f"{count:,} {en}{'s' if count > 1 else ''}", f"{count:,}{zh}")
    return Words("less than a minute", "不到1分钟")


def ago(at: datetime) -> Words:
    """How long ago a time was, in words."""
    return seconds_ago((now() - at).total_seconds())


def seconds_ago(seconds: float) -> Words:
    """How long ago something was, in words, from seconds that the database has computed."""
    span = duration_words(seconds)
    return Words(f"{span.en} ago", f"{span.zh}前")


def listed(names: Sequence[str]) -> Words:
    """Names separated by commas."""
    return Words(", ".join(names), "、".join(names))
