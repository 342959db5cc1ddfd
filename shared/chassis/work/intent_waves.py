"""Decides in memory which intents begin now, which wait and why, and which end unsent."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Final, Generic
from uuid import UUID

from shared.chassis.work.intent_delays import Delay
from shared.chassis.work.intent_queue import Hold, Queued, Standing, Waits
from shared.chassis.work.intents import Found, NoRecipient, PutOff, R

PATIENCE: Final = 600.0
"""The most seconds between two tries to look up the recipient of an intent."""


@dataclass(frozen=True, slots=True)
class Known(Generic[R]):
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
    twins: list[Queued] = field(default_factory=list)
    """Intents whose recipient has been told the same fact by another intent already."""

    @property
    def handled(self) -> int:
        """How many intents are begun, ended or delayed; those that are only held back do not count."""
        return len(self.begin) + len(self.delay) + len(self.skip) + len(self.twins)


def sort_by_mark(wave: Wave[R], marked: Sequence[Queued], standings: Mapping[UUID, Standing]) -> list[Queued]:
    """Sort intents of which only the recipient's mark is known; returns those that may be sent, so that recipients are
    looked up for those alone."""
    rest = []
    for queued in marked:
        standing = standings[queued.intent.id]
        if standing.told_already and not queued.intent.tells_others:
            wave.twins.append(queued)
        elif queued.mark is None:
            rest.append(queued)
        elif standing.limited:
            wave.hold.append(Hold(queued.intent.id, queued.mark, Waits.HOURLY_LIMIT, "", standing.limited))
        else:
            rest.append(queued)
    return rest


def sort_by_recipient(
    wave: Wave[R], heads: Sequence[Queued], found: Found[R], room: Mapping[str, int], at: float
) -> list[Known[R]]:
    """Sort intents by the result of the look-up of their recipients. `room`: how many each gateway may get next.
    Returns the intents with a recipient whose gateway has room."""
    left, known = dict(room), list[Known[R]]()
    for queued in heads:
        match found.get(queued.intent.id):
            case None:
                pass  # the look-up returned nothing for it: it stays first in its line
            case NoRecipient() as why:
                wave.skip.append((queued, str(why)))
            case PutOff() as why:
                seconds = min(2.0 ** min(queued.failures + 1, 10), PATIENCE)
                delay = Delay(queued.intent.id, why.waits, str(why), seconds, why.until, why.gathers)
                wave.delay.append(delay)
            case recipient if left.get(recipient.gateway):
                left[recipient.gateway] -= 1
                known.append(Known(queued, recipient, at))
            case recipient:
                wave.hold.append(Hold(queued.intent.id, recipient.mark, Waits.GATEWAY, recipient.gateway))
    return known


def share(
    known: Sequence[Known[R]], room: Mapping[str, int], busy: AbstractSet[str], mass_room: Mapping[str, int]
) -> tuple[list[Known[R]], list[Known[R]]]:
    """Split intents into those that are sent now, in order, and those that wait until a `busy` gateway has room.

    Later intents for the same recipient wait too. `mass_room`: how many mass messages each gateway may get.
    """
    left, mass_left, waited_for = dict(room), dict(mass_room), set[bytes]()
    now, later = list[Known[R]](), list[Known[R]]()
    for candidate in sorted(known, key=lambda candidate: candidate.queued.turn):
        recipient, is_mass = candidate.recipient, candidate.queued.intent.is_mass
        gateway, mark = recipient.gateway, recipient.mark
        full = (gateway in busy and not left.get(gateway)) or (is_mass and not mass_left.get(gateway))
        if mark in waited_for or full:
            waited_for.add(mark)
            later.append(candidate)
        else:
            left[gateway] = max(0, left.get(gateway, 0) - 1)
            mass_left[gateway] = max(0, mass_left.get(gateway, 0) - is_mass)
            now.append(candidate)
    return now, later


def sort_due(
    wave: Wave[R], due: Sequence[Known[R]], standings: Mapping[UUID, Standing], room: Mapping[str, int]
) -> None:
    """Sort the due intents, in order. `room`: how many each gateway takes now."""
    left, taken = dict(room), set[bytes]()
    for known in due:
        _sort(wave, known.queued, known.recipient, standings[known.queued.intent.id], left, taken)


def _sort(
    wave: Wave[R], queued: Queued, recipient: R, standing: Standing, left: dict[str, int], taken: set[bytes]
) -> None:
    """Sort one intent; `taken` holds the marks of recipients that have another intent in this wave."""
    mark, via = recipient.mark, recipient.gateway
    if mark in taken or standing.earlier:
        wave.hold.append(Hold(queued.intent.id, mark, Waits.EARLIER, via))
    elif standing.told_already and not queued.intent.tells_others:
        wave.twins.append(queued)
        return
    elif standing.limited:
        wave.hold.append(Hold(queued.intent.id, mark, Waits.HOURLY_LIMIT, via, standing.limited))
    elif not left.get(via):
        wave.hold.append(Hold(queued.intent.id, mark, Waits.GATEWAY, via))
    else:
        left[via] -= 1
        wave.begin.append((queued, recipient))
    taken.add(mark)
