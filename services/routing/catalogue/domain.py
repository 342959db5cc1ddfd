"""Decides where a version of the catalogue stands, and what may be done with it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from shared.contracts.refusals import Code, FieldError, Refused

NOTICE: Final = timedelta(seconds=5)
"""How long before its moment a publication is told at least: by then every process has read it."""


class State(StrEnum):
    """Where a version stands at a moment."""

    DRAFT = "draft"
    CHECKED = "checked"
    REHEARSED = "rehearsed"
    SCHEDULED = "scheduled"
    PUBLISHED = "published"
    SUPERSEDED = "superseded"
    ROLLED_BACK = "rolled-back"


class Action(StrEnum):
    """What somebody did with a version."""

    DRAFTED = "drafted"
    CHECKED = "checked"
    REHEARSED = "rehearsed"
    PUBLISHED = "published"
    ROLLED_BACK_TO = "rolled-back-to"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Publication:
    """A version that is in force from a moment on, unless it is cancelled before."""

    position: int
    version: str
    at: datetime
    is_rollback: bool = False


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a draft has come. `sound`: it was checked without an error; `rehearsed_on`: the version that it was
    compared with."""

    origin: str
    sound: bool = False
    rehearsed_on: str | None = None


def in_force(publications: Sequence[Publication], moment: datetime) -> Publication | None:
    """The publication that rules at a moment; None: the pack's own file does."""
    begun = [publication for publication in publications if publication.at <= moment]
    return max(begun, key=lambda publication: (publication.at, publication.position), default=None)


def scheduled(publications: Sequence[Publication], moment: datetime) -> list[Publication]:
    """Those whose moment is still to come: one, and for a few seconds another that cannot be cancelled any more."""
    return [publication for publication in publications if publication.at > moment]


def state(version: str, progress: Progress, publications: Sequence[Publication], at: datetime, file: str) -> State:
    """Where a version stands; `file` is that of the pack's own file."""
    current, coming = in_force(publications, at), scheduled(publications, at)
    if version == (current.version if current else file):
        return State.PUBLISHED
    if any(version == publication.version for publication in coming):
        return State.SCHEDULED
    own = [publication for publication in publications if publication.version == version and publication.at <= at]
    if own:
        return State.ROLLED_BACK if _ended_by_rollback(publications, own[-1], at) else State.SUPERSEDED
    if progress.origin == "file":
        return State.SUPERSEDED
    if progress.sound:
        return State.REHEARSED if progress.rehearsed_on else State.CHECKED
    return State.DRAFT


def _ended_by_rollback(publications: Sequence[Publication], own: Publication, at: datetime) -> bool:
    later = [
        publication for publication in publications if own.position < publication.position and publication.at <= at
    ]
    return bool(later) and later[0].is_rollback


def publishing(progress: Progress, current: str, at: datetime | None, now: datetime) -> datetime:
    """The moment from which a version is in force when it is published now; raises `Refused`.

    It was checked without errors, and rehearsed against what is in force: a rehearsal against another version says
    nothing of what will change.
    """
    if not progress.sound:
        raise _refused("check it first, and mend its errors: only a sound catalogue is published", "请先检查并改正错误")
    if progress.rehearsed_on is None:
        raise _refused("rehearse it first", "请先预演")
    if progress.rehearsed_on != current:
        en = f"it was rehearsed against {progress.rehearsed_on}, and {current} is in force: rehearse it again"
        raise _refused(en, f"预演时的现行版本是 {progress.rehearsed_on}，现在是 {current}，请重新预演")
    return moment_of(at, now)


def moment_of(at: datetime | None, now: datetime) -> datetime:
    """`at`, or as soon as every process knows; raises `Refused` for a moment that is over."""
    if at is not None and at < now:
        en, zh = f"{at.isoformat()} is over; leave it out to publish now", f"{at.isoformat()} 已过；立即发布请不填"
        raise Refused(Code.INVALID, f"at: {en}", f"at：{zh}", (FieldError("at", zh, en, now.isoformat()),))
    return max(now + NOTICE, at or now)


def before(publications: Sequence[Publication], file: str, now: datetime) -> str:
    """The version to roll back to; raises `Refused` where there is none."""
    history = in_order(publications, file, now)
    if len(history) < 2:
        raise _refused(
            "the pack's own file is in force; there is nothing before it", "现行版本即辖区包文件，没有更早的版本"
        )
    return history[-2]


def in_order(publications: Sequence[Publication], file: str, now: datetime) -> Sequence[str]:
    """The versions up to the one in force, each of which came after the one before it by no rollback."""
    begun = [publication for publication in publications if publication.at <= now]
    history = [file]
    for publication in begun:
        if publication.is_rollback and publication.version in history:
            del history[history.index(publication.version) + 1 :]
        else:
            history.append(publication.version)
    return history


def _refused(en: str, zh: str) -> Refused:
    return Refused(Code.ILLEGAL_TRANSITION, en, zh)
