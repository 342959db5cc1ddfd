"""Decides in which division a demand lies: the one that it names, the one around its point, or its channel's; pure."""

from typing import NamedTuple

from services.intake.submission.domain import SubmitDemand
from shared.contracts.demand.facts import PlacedBy
from shared.jurisdiction.jurisdictions import Jurisdictions
from shared.jurisdiction.pack import Pack


class Placed(NamedTuple):
    """A demand with its division and its jurisdiction, if they are known; `by` says what decided the division."""

    command: SubmitDemand
    pack: Pack | None
    by: PlacedBy = PlacedBy.DIVISION


def placed(command: SubmitDemand, own: str | None, packs: Jurisdictions) -> Placed:
    """Set the division of a demand: the one that it names, else the smallest one whose boundary contains its point,
    else `own`, the division of its channel.

    A demand that has only a point or an address, and a point that no boundary contains, gets the root division of the
    jurisdiction: a dispatcher then finds the place.
    """
    if command.division:
        return Placed(command, packs.of_division(command.division))
    if (by_boundaries := _by_boundaries(command, own, packs)) is not None:
        return by_boundaries
    home, by = packs.of_division(own or ""), _told_by(command)
    if own and command.jurisdiction in (None, home and home.id):
        # Callers of a hotline leave their address too. An address alone does not say where the matter is, unless the
        # channel named the jurisdiction: then the address was sent as the place.
        is_open = home and own == home.root and (command.location or command.jurisdiction)
        return Placed(_within(command, own), home, by if is_open else PlacedBy.DIVISION)
    pack = packs.get(command.jurisdiction) if command.jurisdiction else next(iter(packs))
    if pack is None or by is PlacedBy.DIVISION:
        return Placed(command, pack)
    return Placed(_within(command, pack.root), pack, by)


def _by_boundaries(command: SubmitDemand, own: str | None, packs: Jurisdictions) -> Placed | None:
    """Find the division whose boundary contains the point: in the named jurisdiction, else in the channel's own, else
    in any. A channel of a village or a town takes demands for that place only, so a point outside of it is ignored."""
    if command.location is None:
        return None
    home = packs.of_division(own or "")
    if command.jurisdiction and command.jurisdiction != (home and home.id):
        named_pack, within = packs.get(command.jurisdiction), None
        candidates = [named_pack] if named_pack else []
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
    """What says where the demand is if it names no division: its point, else its address; `DIVISION` if it has none."""
    if command.location:
        return PlacedBy.POINT
    return PlacedBy.ADDRESS if command.contact and command.contact.address else PlacedBy.DIVISION
