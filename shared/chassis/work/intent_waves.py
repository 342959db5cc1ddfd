"""Decides in memory which intents begin now, which wait and why, and which end unsent."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Final, Generic
from uuid import UUID

from shared.chassis.work.intent_delays import Delay
from shared.chassis.work.intent_queue import Hold, Obstacles, Queued, Waits
from shared.chassis.work.intents import Found, NoRecipient, PutOff, R

PATIENCE: Final = 600.0
"""The most seconds between two tries to look up the recipient of an intent."""


@dataclass(frozen=True, slots=True)
class AddressedIntent(Generic[R]):
    """An intent with its recipient; `at` is the time of the look-up, in seconds of a monotonic clock."""

    queued: Queued
    recipient: R
    at: float


@dataclass(slots=True)
class Wave(Generic[R]):
    """Intents that are first in their lines, sorted by what must be done with each."""

    begin: list[tuple[Queued, R]] = field(default_factory=list)
    hold: list[Hold] = field(default_factory=list)
    delay: list[Delay] = field(default_factory=list)
    skip: list[tuple[Queued, str]] = field(default_factory=list)
    duplicates: list[Queued] = field(default_factory=list)
    """Intents whose recipient has been told the same fact by another intent already."""

    @property
    def handled(self) -> int:
        """How many intents are begun, ended or delayed; those that are only held back do not count."""
        return len(self.begin) + len(self.delay) + len(self.skip) + len(self.duplicates)


def sort_by_mark(wave: Wave[R], marked: Sequence[Queued], obstacles_by_id: Mapping[UUID, Obstacles]) -> list[Queued]:
    """Sort intents of which only the recipient's mark is known; returns those that may be sent, so that recipients are
    looked up for those alone."""
    sendable = []
    for queued in marked:
        obstacles = obstacles_by_id[queued.intent.id]
        if obstacles.already_informed and not queued.intent.is_digest:
            wave.duplicates.append(queued)
        elif queued.mark is None:
            sendable.append(queued)
        elif obstacles.limited:
            wave.hold.append(Hold(queued.intent.id, queued.mark, Waits.HOURLY_LIMIT, "", obstacles.limited))
        else:
            sendable.append(queued)
    return sendable


def sort_by_recipient(
    wave: Wave[R], heads: Sequence[Queued], recipients: Found[R], room: Mapping[str, int], at: float
) -> list[AddressedIntent[R]]:
    """Sort intents by the result of the look-up of their recipients. `room`: how many each gateway may get next.
    Returns the intents with a recipient whose gateway has room."""
    free, addressed = dict(room), list[AddressedIntent[R]]()
    for queued in heads:
        match recipients.get(queued.intent.id):
            case None:
                pass  # the look-up returned nothing for it: it stays first in its line
            case NoRecipient() as why:
                wave.skip.append((queued, str(why)))
            case PutOff() as why:
                seconds = min(2.0 ** min(queued.failures + 1, 10), PATIENCE)
                delay = Delay(queued.intent.id, why.waits, str(why), seconds, why.until, why.gathers)
                wave.delay.append(delay)
            case recipient if free.get(recipient.gateway):
                free[recipient.gateway] -= 1
                addressed.append(AddressedIntent(queued, recipient, at))
            case recipient:
                wave.hold.append(Hold(queued.intent.id, recipient.mark, Waits.GATEWAY, recipient.gateway))
    return addressed


def share(
    addressed: Sequence[AddressedIntent[R]],
    room: Mapping[str, int],
    busy: AbstractSet[str],
    mass_room: Mapping[str, int],
) -> tuple[list[AddressedIntent[R]], list[AddressedIntent[R]]]:
    """Split intents into those that are sent now, in order, and those that wait until a `busy` gateway has room.

    Later intents for the same recipient wait too. `mass_room`: how many mass messages each gateway may get.
    """
    free, mass_free, waiting_marks = dict(room), dict(mass_room), set[bytes]()
    now, later = list[AddressedIntent[R]](), list[AddressedIntent[R]]()
    for candidate in sorted(addressed, key=lambda candidate: candidate.queued.turn):
        recipient, is_mass = candidate.recipient, candidate.queued.intent.is_mass
        gateway, mark = recipient.gateway, recipient.mark
        full = (gateway in busy and not free.get(gateway)) or (is_mass and not mass_free.get(gateway))
        if mark in waiting_marks or full:
            waiting_marks.add(mark)
            later.append(candidate)
        else:
            free[gateway] = max(0, free.get(gateway, 0) - 1)
            mass_free[gateway] = max(0, mass_free.get(gateway, 0) - is_mass)
            now.append(candidate)
    return now, later


def sort_due(
    wave: Wave[R], due: Sequence[AddressedIntent[R]], obstacles_by_id: Mapping[UUID, Obstacles], room: Mapping[str, int]
) -> None:
    """Sort the due intents, in order. `room`: how many each gateway takes now."""
    free, used_marks = dict(room), set[bytes]()
    for addressed in due:
        _sort(
            wave, addressed.queued, addressed.recipient, obstacles_by_id[addressed.queued.intent.id], free, used_marks
        )


def _sort(
    wave: Wave[R], queued: Queued, recipient: R, obstacles: Obstacles, free: dict[str, int], used_marks: set[bytes]
) -> None:
    """Sort one intent; `taken` holds the marks of recipients that have another intent in this wave."""
    mark, via = recipient.mark, recipient.gateway
    if mark in used_marks or obstacles.earlier:
        wave.hold.append(Hold(queued.intent.id, mark, Waits.EARLIER, via))
    elif obstacles.already_informed and not queued.intent.is_digest:
        wave.duplicates.append(queued)
        return
    elif obstacles.limited:
        wave.hold.append(Hold(queued.intent.id, mark, Waits.HOURLY_LIMIT, via, obstacles.limited))
    elif not free.get(via):
        wave.hold.append(Hold(queued.intent.id, mark, Waits.GATEWAY, via))
    else:
        free[via] -= 1
        wave.begin.append((queued, recipient))
    used_marks.add(mark)
