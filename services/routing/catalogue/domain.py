"""Decides the state of a version of the catalogue, and what may be done with it; pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from shared.contracts.refusals import Code, FieldError, Refused

NOTICE: Final = timedelta(seconds=5)
"""A publication is written at least so long before it comes into force, so that every process has read it by then."""


class State(StrEnum):
    """The state of a version at a moment."""

    DRAFT = "draft"
    CHECKED = "checked"
    REHEARSED = "rehearsed"
    SCHEDULED = "scheduled"
    PUBLISHED = "published"
    SUPERSEDED = "superseded"
    ROLLED_BACK = "rolled-back"


class Action(StrEnum):
    """An action of a person on a version."""

    DRAFTED = "drafted"
    CHECKED = "checked"
    REHEARSED = "rehearsed"
    PUBLISHED = "published"
    ROLLED_BACK_TO = "rolled-back-to"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class CataloguePublication:
    """A publication: the version is in force from `in_force_from` on, unless it is cancelled before."""

    position: int
    version: str
    at: datetime
    is_rollback: bool = False


@dataclass(frozen=True, slots=True)
class DraftProgress:
    """The progress of a draft. `sound` says that a check found no error; `rehearsed_on` is the version with which it
    was compared."""

    origin: str
    sound: bool = False
    rehearsed_on: str | None = None


def in_force(publications: Sequence[CataloguePublication], moment: datetime) -> CataloguePublication | None:
    """The publication that is in force at a moment; None if the pack's own file is."""
    past = [publication for publication in publications if publication.at <= moment]
    return max(past, key=lambda publication: (publication.at, publication.position), default=None)


def scheduled(publications: Sequence[CataloguePublication], moment: datetime) -> list[CataloguePublication]:
    """The publications that are not yet in force: one, and for a few seconds a second one that can no longer be
    cancelled."""
    return [publication for publication in publications if publication.at > moment]


def state(
    version: str, progress: DraftProgress, publications: Sequence[CataloguePublication], at: datetime, file: str
) -> State:
    """The state of a version; `file` is the version of the pack's own file."""
    current, upcoming = in_force(publications, at), scheduled(publications, at)
    if version == (current.version if current else file):
        return State.PUBLISHED
    if any(version == publication.version for publication in upcoming):
        return State.SCHEDULED
    own = [publication for publication in publications if publication.version == version and publication.at <= at]
    if own:
        return State.ROLLED_BACK if _ended_by_rollback(publications, own[-1], at) else State.SUPERSEDED
    if progress.origin == "file":
        return State.SUPERSEDED
    if progress.sound:
        return State.REHEARSED if progress.rehearsed_on else State.CHECKED
    return State.DRAFT


def _ended_by_rollback(publications: Sequence[CataloguePublication], own: CataloguePublication, at: datetime) -> bool:
    later = [
        publication for publication in publications if own.position < publication.position and publication.at <= at
    ]
    return bool(later) and later[0].is_rollback


def publishing(progress: DraftProgress, current: str, at: datetime | None, now: datetime) -> datetime:
    """The moment at which a version comes into force if it is published now; raises `Refused`.

    The version must have passed a check without errors, and a rehearsal against the version in force: a rehearsal
    against another version does not show what will change.
    """
    if not progress.sound:
        raise _refused(
            "check it first, and correct its errors: only a catalogue without errors can be published",
            "请先检查并改正错误",
        )
    if progress.rehearsed_on is None:
        raise _refused("rehearse it first", "请先预演")
    if progress.rehearsed_on != current:
        en = f"it was rehearsed against {progress.rehearsed_on}, but {current} is in force now: rehearse it again"
        raise _refused(en, f"预演时的现行版本是 {progress.rehearsed_on}，现在是 {current}，请重新预演")
    return moment_of(at, now)


def moment_of(at: datetime | None, now: datetime) -> datetime:
    """The moment of a publication: `at`, or if it is None the earliest possible one; raises `Refused` for a moment that
    is over."""
    if at is not None and at < now:
        en, zh = (
            f"{at.isoformat()} is in the past; leave it out to publish now",
            f"{at.isoformat()} 已过；立即发布请不填",
        )
        raise Refused(Code.INVALID, f"at: {en}", f"at：{zh}", (FieldError("at", zh, en, now.isoformat()),))
    return max(now + NOTICE, at or now)


def before(publications: Sequence[CataloguePublication], file: str, now: datetime) -> str:
    """The version to which a rollback leads; raises `Refused` if there is none."""
    history = in_order(publications, file, now)
    if len(history) < 2:
        raise _refused(
            "the file of the pack is in force; there is no earlier version", "现行版本即辖区包文件，没有更早的版本"
        )
    return history[-2]


def in_order(publications: Sequence[CataloguePublication], file: str, now: datetime) -> Sequence[str]:
    """The versions that were in force one after the other up to the present one, without those that a rollback
    removed."""
    past = [publication for publication in publications if publication.at <= now]
    history = [file]
    for publication in past:
        if publication.is_rollback and publication.version in history:
            del history[history.index(publication.version) + 1 :]
        else:
            history.append(publication.version)
    return history


def _refused(en: str, zh: str) -> Refused:
    return Refused(Code.ILLEGAL_TRANSITION, en, zh)
