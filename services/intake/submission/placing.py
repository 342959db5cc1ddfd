"""Where a demand is: the division that it names, the one around its point, or its channel's own; pure."""

from typing import NamedTuple

from services.intake.submission.domain import SubmitDemand
from shared.contracts.demand.facts import PlacedBy
from shared.jurisdiction.jurisdictions import Jurisdictions
from shared.jurisdiction.pack import Pack


class Placed(NamedTuple):
    """A demand with its division, as far as it has one, its jurisdiction, and what told the place."""

    command: SubmitDemand
    pack: Pack | None
    by: PlacedBy = PlacedBy.DIVISION


def placed(command: SubmitDemand, own: str | None, packs: Jurisdictions) -> Placed:
    """The demand in the division that it names, in the smallest one whose boundary contains its point, or in the
    channel's own.

    Where a point or an address is all that tells the place, and no boundary contains the point, it is in the whole
    jurisdiction: a person looks where it is.
    """
    if command.division:
        return Placed(command, packs.of_division(command.division))
    if (by_boundaries := _by_boundaries(command, own, packs)) is not None:
        return by_boundaries
    home, by = packs.of_division(own or ""), _told_by(command)
    if own and command.jurisdiction in (None, home and home.id):
        # Who calls a hotline leaves an address too: alone it says nothing of the place, unless it was sent as one.
        is_open = home and own == home.root and (command.location or command.jurisdiction)
        return Placed(_within(command, own), home, by if is_open else PlacedBy.DIVISION)
    pack = packs.get(command.jurisdiction) if command.jurisdiction else next(iter(packs))
    if pack is None or by is PlacedBy.DIVISION:
        return Placed(command, pack)
    return Placed(_within(command, pack.root), pack, by)


def _by_boundaries(command: SubmitDemand, own: str | None, packs: Jurisdictions) -> Placed | None:
    """Where the point lies by the boundaries of the jurisdiction that is named, of the channel's own, or of any. A
    channel of a village or a town takes demands for that place alone: a point elsewhere tells nothing there."""
    if command.location is None:
        return None
    home = packs.of_division(own or "")
    if command.jurisdiction and command.jurisdiction != (home and home.id):
        named, within = packs.get(command.jurisdiction), None
        candidates = [named] if named else []
    else:
        within = own if home else None
        candidates = [home] if home else list(packs)
    for pack in candidates:
        code = pack.division_at(command.location.lat, command.location.lon)
        if code and code != pack.root and pack.is_within(code, within or pack.root):
            return Placed(_within(command, code), pack)
    return None


def _within(command: SubmitDemand, division: str) -> SubmitDemand:
    return command.model_copy(update={"division": division})


def _told_by(command: SubmitDemand) -> PlacedBy:
    """What tells the place where no division does; `DIVISION` where nothing does."""
    if command.location:
        return PlacedBy.POINT
    return PlacedBy.ADDRESS if command.contact and command.contact.address else PlacedBy.DIVISION
