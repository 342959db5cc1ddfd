"""Stores the answers to verdicts, so that a repeated verdict gets the same answer."""

import hashlib
from dataclasses import dataclass
from uuid import UUID

from services.feedback.ratings.domain import RateDemand
from shared.chassis.database.pool import Connection
from shared.chassis.database.write_batch import WriteBatch
from shared.contracts.demand.facts import Outcome
from shared.contracts.demand.state import Demand, Status


@dataclass(frozen=True, slots=True)
class JudgedDemand:
    """The last verdict on a demand, and the status of the demand after it."""

    words: bytes
    rating: int
    solved: bool
    status: Status
    outcome: Outcome | None

    def again(self, demand: Demand) -> Demand:
        """The demand as it was shown after the verdict."""
        answered = {name: getattr(self, name) for name in ("rating", "solved", "status", "outcome")}
        return demand.model_copy(update=answered)


def words_of(demand_id: UUID, verdict: RateDemand) -> bytes:
    """The hash of a verdict on a demand, by which a repetition is recognised."""
    # Without the field, so that verdicts of versions before there were tags have the same hash.
    untagged = None if verdict.tags else {"tags"}
    return hashlib.sha256(demand_id.bytes + verdict.model_dump_json(exclude=untagged).encode()).digest()


async def last_by_link(db: Connection, demand_id: UUID) -> JudgedDemand | None:
    """The last verdict on a demand that came by a link; None if there is none."""
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
    return JudgedDemand(row["words"], row["rating"], row["solved"], Status(row["status"]), outcome)


def put(writes: WriteBatch, verdict: RateDemand, demand: Demand) -> None:
    """Store a verdict and the state of `demand`, which is the demand after it."""
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
