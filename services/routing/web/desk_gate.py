"""The gate of the desk: the signed-in person, and the counts for their navigation."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from fastapi import Request

from services.routing.call_backs import queries as call_backs
from services.routing.call_backs.permissions import may_call
from services.routing.hot_spots import queries
from services.routing.publications import queries as publications
from shared.chassis.base.clock import now
from shared.chassis.database.pool import Pool
from shared.identity.gate import SAFE_METHODS, Gate, SignedIn
from shared.jurisdiction.jurisdictions import Jurisdictions

LATEST: Final = 50
"""So many of the latest hot spots are counted: older ones are history, and every page waits for the count."""


@dataclass(frozen=True, slots=True)
class DeskVisitor(SignedIn):
    """A person who is signed in at the desk; `hot_spots` is how many common demands can still be merged."""

    hot_spots: int
    to_publish: int
    """How many answers wait to be published; `COUNTED_UP_TO` means that many or more."""
    to_call: int = 0
    """How many citizens are to be called back by now, counted in the same way."""


@dataclass(frozen=True, slots=True)
class DeskGate(Gate):
    """Adds the counts for the coordinator's people and for callers."""

    pool: Pool
    packs: Jurisdictions
    clock: Callable[[], datetime] = now

    @classmethod
    def over(cls, gate: Gate, pool: Pool, packs: Jurisdictions) -> "DeskGate":
        """The gate, which also counts."""
        return cls(gate.sessions, gate.attempts, gate.secure, pool, packs)

    async def signed_in(self, request: Request) -> SignedIn:
        """See `Gate.signed_in`."""
        request.state.packs = self.packs
        visitor = await Gate.signed_in(self, request)
        person = visitor.person
        pack, home = self.packs.coordinated_by(person.unit), self.packs.of_unit(person.unit)
        calls = home is not None and home.callback.is_on and may_call(person, home)
        if request.method not in SAFE_METHODS or not (pack or calls):
            return visitor
        async with self.pool.acquire(timeout=5) as db:
            count = await queries.open_count(db, pack.id, LATEST) if pack else 0
            to_publish = await publications.count(db, pack.id, None) if pack and pack.publication.release else 0
            to_call = await call_backs.count(db, home.id, person.unit, self.clock()) if home and calls else 0
        return DeskVisitor(person, visitor.csrf, count, to_publish, to_call)
