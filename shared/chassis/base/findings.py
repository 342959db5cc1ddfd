"""What a check of the doctor found: how bad it is, in words of two languages, and what to do about it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import IntEnum
from typing import Any, Final, NamedTuple

from shared.chassis.base.clock import now

COUNTED_UP_TO: Final = 10_000
"""Rows of a kind that are counted for those who watch: no question reads the whole of a table that grows."""
_SIZES: Final = ((86_400, "day", "天"), (3600, "hour", "小时"), (60, "minute", "分钟"))


class Words(NamedTuple):
    """A part of a sentence in both languages."""

    en: str
    zh: str

    def __bool__(self) -> bool:
        return bool(self.en)


NONE: Final = Words("", "")


class Severity(IntEnum):
    """Ordered; the worst of all findings decides how `huying doctor` ends."""

    OK = 0
    NOT_LOOKED_AT = 1
    WARNING = 2
    BROKEN = 3


@dataclass(frozen=True, slots=True)
class Finding:
    """What was looked at, how it is where it is not well, and what to do next. `check` is the name of the check that
    found it, for scripts and for the table in `docs/operating/repair.md`; whoever runs the checks writes it."""

    what: Words
    wrong: Words = NONE
    step: Words = NONE
    severity: Severity = Severity.OK
    check: str = ""

    def __str__(self) -> str:
        return ": ".join(words.en for words in (self.what, self.wrong, self.step) if words)

    def in_chinese(self) -> str:
        """The whole line."""
        return "：".join(words.zh for words in (self.what, self.wrong, self.step) if words)

    def document(self) -> dict[str, Any]:
        """As JSON; `of_document` reads it."""
        parts = {"what": self.what, "wrong": self.wrong, "step": self.step}
        words = {name: words._asdict() if words else None for name, words in parts.items()}
        return {"check": self.check, "severity": self.severity.name.lower(), **words}

    @classmethod
    def of_document(cls, document: dict[str, Any]) -> "Finding":
        """Reads what `document` wrote, maybe in another version; raises `KeyError`, `TypeError` or `ValueError`."""
        what, wrong, step = (
            Words(str(words["en"]), str(words["zh"])) if (words := document[name]) else NONE
            for name in ("what", "wrong", "step")
        )
        return cls(what, wrong, step, Severity[str(document["severity"]).upper()], str(document["check"]))


def ok(what: Words) -> Finding:
    """It was looked at, and is well."""
    return Finding(what)


def not_looked_at(what: Words, why: Words, step: Words = NONE) -> Finding:
    """Nobody looked at it, so nobody can say how it is."""
    return Finding(what, why, step, Severity.NOT_LOOKED_AT)


def warning(what: Words, wrong: Words, step: Words = NONE) -> Finding:
    """Somebody should see to it, and the loop goes on."""
    return Finding(what, wrong, step, Severity.WARNING)


def broken(what: Words, wrong: Words, step: Words = NONE) -> Finding:
    """Something stands still, or is lost until somebody mends it."""
    return Finding(what, wrong, step, Severity.BROKEN)


def named(check: str, findings: Iterable[Finding]) -> list[Finding]:
    """The findings of a check, with its name where they have none."""
    return [finding if finding.check else replace(finding, check=check) for finding in findings]


def worst_first(findings: Iterable[Finding]) -> list[Finding]:
    """What is broken before what is only not well; findings of one severity keep their order."""
    return sorted(findings, key=lambda finding: -finding.severity)


def exit_code(findings: Iterable[Finding]) -> int:
    """0: everything was looked at and is well; 1: warnings, or something was not looked at; 2: something is broken."""
    worst = max((finding.severity for finding in findings), default=Severity.NOT_LOOKED_AT)
    return {Severity.OK: 0, Severity.BROKEN: 2}.get(worst, 1)


def figure(number: int, most: int = COUNTED_UP_TO) -> str:
    """A number of rows of which `most` were counted at most: `2,000`, and `10,000+` where there may be more."""
    return f"{number:,}+" if number >= most else f"{number:,}"


def counted(number: int, one: str, many: str, most: int = COUNTED_UP_TO) -> str:
    """Such a number with its noun: `1 fact`, `2,000 facts`, `10,000+ facts`."""
    return f"{figure(number, most)} {one if number == 1 else many}"


def lasted(seconds: float) -> Words:
    """A span in the largest measure that fits: 3 hours, 3小时."""
    for size, en, zh in _SIZES:
        if seconds >= size:
            count = int(seconds // size)
            return Words(f"{count:,} {en}{'s' if count > 1 else ''}", f"{count:,}{zh}")
    return Words("less than a minute", "不到1分钟")


def ago(at: datetime) -> Words:
    """How long ago a moment is."""
    return seconds_ago((now() - at).total_seconds())


def seconds_ago(seconds: float) -> Words:
    """How long ago something was, as the database reckons it."""
    span = lasted(seconds)
    return Words(f"{span.en} ago", f"{span.zh}前")


def listed(names: Sequence[str]) -> Words:
    """Names, one after the other."""
    return Words(", ".join(names), "、".join(names))
