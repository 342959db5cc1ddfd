"""What is done with intents whose recipients are known: which begin, and which wait for whom; pure."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Final, Generic
from uuid import UUID

from shared.chassis.work.intent_delays import Delay
from shared.chassis.work.intent_queue import Hold, Queued, Standing, Waits
from shared.chassis.work.intents import Found, NoRecipient, PutOff, R

PATIENCE: Final = 600.0
"""Seconds between two tries to learn whom an intent is for, at most."""


@dataclass(frozen=True, slots=True)
class Known(Generic[R]):
    """An intent with its recipient, learnt at a moment in seconds."""

    queued: Queued
    recipient: R
    at: float


@dataclass(slots=True)
class Wave(Generic[R]):
    """The heads of lines, sorted by what is to be done with each."""

    begin: list[tuple[Queued, R]] = field(default_factory=list)
    hold: list[Hold] = field(default_factory=list)
    delay: list[Delay] = field(default_factory=list)
    skip: list[tuple[Queued, str]] = field(default_factory=list)
    twins: list[Queued] = field(default_factory=list)
    """Those that tell a recipient what another intent told it already."""

    @property
    def handled(self) -> int:
        """How many intents are begun, ended or put off, and not only held back."""
        return len(self.begin) + len(self.delay) + len(self.skip) + len(self.twins)


def sort_known(wave: Wave[R], marked: Sequence[Queued], standings: Mapping[UUID, Standing]) -> list[Queued]:
    """Those whose recipient is known by its mark alone: who must wait still is not asked for again. Returns the
    rest."""
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


def sort_found(
    wave: Wave[R], heads: Sequence[Queued], found: Found[R], room: Mapping[str, int], at: float
) -> list[Known[R]]:
    """Sort heads by what was answered when it was asked whom they are for. `room`: how many of them each gateway may
    have next. Returns those that have a recipient and room."""
    left, known = dict(room), list[Known[R]]()
    for queued in heads:
        match found.get(queued.intent.id):
            case None:
                pass  # nobody said anything of it: it is the next again
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
    """Those whose turn it is now, in order, and those that wait a moment for room at a gateway that is only `busy`,
    with whoever is to be sent to the same recipient after them. Of those that tell many the same `mass_room` says how
    many each gateway may be given."""
    left, mass_left, waited_for = dict(room), dict(mass_room), set[bytes]()
    now, later = list[Known[R]](), list[Known[R]]()
    for one in sorted(known, key=lambda one: one.queued.turn):
        gateway, mark, is_mass = one.recipient.gateway, one.recipient.mark, one.queued.intent.is_mass
        full = (gateway in busy and not left.get(gateway)) or (is_mass and not mass_left.get(gateway))
        if mark in waited_for or full:
            waited_for.add(mark)
            later.append(one)
        else:
            left[gateway] = max(0, left.get(gateway, 0) - 1)
            mass_left[gateway] = max(0, mass_left.get(gateway, 0) - is_mass)
            now.append(one)
    return now, later


def sort_due(
    wave: Wave[R], due: Sequence[Known[R]], standings: Mapping[UUID, Standing], room: Mapping[str, int]
) -> None:
    """Those whose turn it is, in order. `room`: how many each gateway takes now."""
    left, taken = dict(room), set[bytes]()
    for one in due:
        _sort(wave, one.queued, one.recipient, standings[one.queued.intent.id], left, taken)


def _sort(
    wave: Wave[R], queued: Queued, recipient: R, standing: Standing, left: dict[str, int], taken: set[bytes]
) -> None:
    """One that has a recipient; `taken` are those to whom another one of this wave goes, or is held for."""
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
