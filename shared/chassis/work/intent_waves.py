"""What is done with a wave of intents whose recipients are known: which begin, and which wait for whom; pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Generic
from uuid import UUID

from shared.chassis.work.intent_queue import Delay, Hold, Queued, Standing, Waits
from shared.chassis.work.intents import Found, NoRecipient, PutOff, R

PATIENCE: Final = 600.0
"""Seconds between two tries to learn whom an intent is for, at most."""


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
        if standing.told_already:
            wave.twins.append(queued)
        elif queued.mark is None:
            rest.append(queued)
        elif standing.limited:
            wave.hold.append(Hold(queued.intent.id, queued.mark, Waits.HOURLY_LIMIT, "", standing.limited))
        else:
            rest.append(queued)
    return rest


def sort_found(
    wave: Wave[R],
    heads: Sequence[Queued],
    found: Found[R],
    standings: Mapping[UUID, Standing],
    room: Mapping[str, int],
) -> None:
    """Those of which is known whom they are for. `room`: how many each gateway takes now."""
    left, taken = dict(room), set[bytes]()
    for queued in heads:
        match found.get(queued.intent.id):
            case None:
                pass  # nobody said anything of it: it is the next again
            case NoRecipient() as why:
                wave.skip.append((queued, str(why)))
            case PutOff() as why:
                seconds = min(2.0 ** min(queued.failures + 1, 10), PATIENCE)
                wave.delay.append(Delay(queued.intent.id, why.waits, str(why), seconds))
            case recipient:
                _sort(wave, queued, recipient, standings[queued.intent.id], left, taken)


def _sort(
    wave: Wave[R], queued: Queued, recipient: R, standing: Standing, left: dict[str, int], taken: set[bytes]
) -> None:
    """One that has a recipient; `taken` are those to whom another one of this wave goes, or is held for."""
    mark, via = recipient.mark, recipient.gateway
    if mark in taken or standing.earlier:
        wave.hold.append(Hold(queued.intent.id, mark, Waits.EARLIER, via))
    elif standing.told_already:
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
