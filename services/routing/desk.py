"""The desk: a command of a member of staff, decided and journalled in one transaction."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.routing import queries
from services.routing.commands import RoutingCommand
from services.routing.domain import Staff, decide
from shared.chassis.clock import now, uuid7
from shared.chassis.database import Pool
from shared.chassis.ledger import Ledger
from shared.contracts.demand import Demand
from shared.contracts.facts import Fact
from shared.contracts.refusals import Code, Refused
from shared.jurisdiction.jurisdictions import Jurisdictions


@dataclass(frozen=True, slots=True)
class Desk:
    """Loads the demand under its lock, decides, tells."""

    pool: Pool
    ledger: Ledger[Demand, Fact]
    packs: Jurisdictions
    clock: Callable[[], datetime] = now
    new_id: Callable[[], UUID] = uuid7

    async def handle(self, number: str, command: RoutingCommand, by: Staff) -> Demand:
        """The demand after the command; raises `Refused`."""
        at = self.clock()
        async with self.pool.acquire(timeout=5) as db, db.transaction():
            key = await queries.id_of(db, number)
            if key is None:
                raise not_found(number)
            page = await self.ledger.load(db, [key], at)
            demand = page.state(key)
            pack = self.packs.of_division(demand.division)
            if pack is None:
                raise Refused(Code.NOT_FOUND, f"no pack serves the division {demand.division}")
            page.tell(key, decide(demand, command, by, pack, at), at, self.new_id())
            await self.ledger.save(db, page)
        return page.state(key)


def not_found(number: str) -> Refused:
    """What is said of a number that routing has not heard of."""
    return Refused(Code.NOT_FOUND, f"routing knows no demand {number}", f"没有编号为 {number} 的诉求")
