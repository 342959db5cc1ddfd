"""Remembers what was answered to a verdict, so that the same one sent again is answered as at first."""

import hashlib
from dataclasses import dataclass
from uuid import UUID

from services.feedback.ratings.domain import RateDemand
from shared.chassis.database.pool import Connection
from shared.chassis.database.write_batch import WriteBatch
from shared.contracts.demand.facts import Outcome
from shared.contracts.demand.state import Demand, Status


@dataclass(frozen=True, slots=True)
class Answered:
    """The last verdict on a demand, and where the demand stood after it."""

    words: bytes
    rating: int
    solved: bool
    status: Status
    outcome: Outcome | None

    def again(self, demand: Demand) -> Demand:
        """The demand as it was shown to whoever gave the verdict."""
        known = {name: getattr(self, name) for name in ("rating", "solved", "status", "outcome")}
        return demand.model_copy(update=known)


def words_of(demand_id: UUID, verdict: RateDemand) -> bytes:
    """A hash by which the same verdict on the same demand is recognised."""
    # Verdicts of before there were tags are recognised too.
    untagged = None if verdict.tags else {"tags"}
    return hashlib.sha256(demand_id.bytes + verdict.model_dump_json(exclude=untagged).encode()).digest()


async def last(db: Connection, demand_id: UUID) -> Answered | None:
    """The last verdict on a demand that was answered here."""
    row = await db.fetchrow(
        """
        SELECT words, rating, solved, status, outcome FROM verdict
        WHERE demand_id = $1 ORDER BY version DESC LIMIT 1
        """,
        demand_id,
    )
    if row is None:
        return None
    outcome = Outcome(row["outcome"]) if row["outcome"] else None
    return Answered(row["words"], row["rating"], row["solved"], Status(row["status"]), outcome)


def put(writes: WriteBatch, verdict: RateDemand, demand: Demand) -> None:
    """Keep what was answered: `demand` is the demand after the verdict."""
    writes.add(
        """
        INSERT INTO verdict (demand_id, version, words, rating, solved, status, outcome)
        VALUES ($1, $2, $3, $4, $5, $6, $7)
        """,
        demand.id,
        demand.version,
        words_of(demand.id, verdict),
        demand.rating,
        demand.solved,
        demand.status,
        demand.outcome,
    )
