"""Takes the citizen's verdict, who comes by a signed link."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.feedback import queries
from services.feedback.domain import RateDemand, rate
from shared.chassis.clock import now, uuid7
from shared.chassis.database import Pool
from shared.chassis.ledger import Ledger
from shared.chassis.tokens import Tokens
from shared.contracts.demand import Demand
from shared.contracts.facts import Fact
from shared.contracts.refusals import Code, Refused
from shared.jurisdiction.jurisdictions import Jurisdictions


@dataclass(frozen=True, slots=True)
class Ratings:
    """The one command of a citizen here."""

    pool: Pool
    ledger: Ledger[Demand, Fact]
    packs: Jurisdictions
    tokens: Tokens
    clock: Callable[[], datetime] = now
    new_id: Callable[[], UUID] = uuid7

    async def demand(self, token: str) -> Demand:
        """The demand that the link is for; raises `Refused`."""
        key = self._key(token)
        async with self.pool.acquire(timeout=5) as db:
            demand = await queries.demand(db, key)
        if demand is None or not demand.version:
            raise Refused(Code.NOT_FOUND, "the demand of this link is not known", "没有找到该链接对应的诉求")
        return demand

    async def rate(self, token: str, verdict: RateDemand) -> Demand:
        """The demand after the verdict; raises `Refused`."""
        key, at = self._key(token), self.clock()
        async with self.pool.acquire(timeout=5) as db, db.transaction():
            page = await self.ledger.load(db, [key], at)
            demand = page.state(key)
            pack = self.packs.of_division(demand.division)
            if pack is None:
                raise Refused(Code.NOT_FOUND, "the demand of this link is not known", "没有找到该链接对应的诉求")
            page.tell(key, rate(demand, verdict, pack, "link"), at, self.new_id())
            await self.ledger.save(db, page)
        return page.state(key)

    def _key(self, token: str) -> UUID:
        return UUID(str(self.tokens.read("rate", token)["demand"]))
