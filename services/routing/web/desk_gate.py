"""The gate of the desk: who has signed in, with what the navigation counts for them."""

from dataclasses import dataclass
from typing import Final

from fastapi import Request

from services.routing.hot_spots import queries
from services.routing.publications import queries as publications
from shared.chassis.database.pool import Pool
from shared.identity.gate import SAFE_METHODS, Gate, SignedIn
from shared.jurisdiction.jurisdictions import Jurisdictions

LATEST: Final = 50
"""Hot spots that are looked at: older ones are history, and every page waits for the count."""


@dataclass(frozen=True, slots=True)
class DeskVisitor(SignedIn):
    """Whoever has signed in at the desk; `hot_spots`: common demands that can still be merged."""

    hot_spots: int
    to_publish: int
    """Answers that wait to be published; `COUNTED_UP_TO` stands for as many or more."""


@dataclass(frozen=True, slots=True)
class DeskGate(Gate):
    """Counts for the people of a coordinator alone."""

    pool: Pool
    packs: Jurisdictions

    @classmethod
    def over(cls, gate: Gate, pool: Pool, packs: Jurisdictions) -> "DeskGate":
        """The same gate, which counts too."""
        return cls(gate.sessions, gate.attempts, gate.secure, pool, packs)

    async def signed_in(self, request: Request) -> SignedIn:
        """See `Gate.signed_in`."""
        request.state.packs = self.packs
        found = await Gate.signed_in(self, request)
        pack = self.packs.coordinated_by(found.person.unit)
        if pack is None or request.method not in SAFE_METHODS:
            return found
        async with self.pool.acquire(timeout=5) as db:
            count = await queries.open_count(db, pack.id, LATEST)
            to_publish = await publications.count(db, pack.id, None) if pack.publication.release else 0
        return DeskVisitor(found.person, found.csrf, count, to_publish)
