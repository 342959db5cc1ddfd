"""Fixtures: records as the broker would return them, and a delivery that processes them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID, uuid5

import pytest

from shared.chassis.aggregates.repository import Repositories, Repository
from shared.chassis.aggregates.unit_of_work import Change
from shared.chassis.consumer import dead_letters
from shared.chassis.consumer.delivery import Delivery
from shared.chassis.consumer.record import Record
from shared.chassis.database.pool import Connection, Pool
from shared.chassis.database.write_batch import WriteBatch
from shared.contracts.demand import facts as f
from shared.contracts.demand.rules import demand_rules
from shared.contracts.demand.state import Demand, Service
from shared.contracts.demand.writers import WRITTEN_BY
from shared.contracts.envelope import Envelope
from shared.contracts.numbers import number
from tests import story
from tests.databases import Databases


def envelope(fact: f.Fact, sequence: int | None, key: UUID = story.ID, at: datetime = story.AT) -> Envelope:
    """The envelope of a fact, from a service that may record it."""
    return Envelope(
        id=uuid5(key, f"{fact.type}:{sequence}"),
        stream="demand",
        key=key,
        type=fact.wire_type(),
        source=f"/services/{min(WRITTEN_BY[type(fact)])}",
        subject="NH21-000001-W",
        time=at,
        sequence=sequence,
        causation=None,
        correlation=None,
        traceparent=None,
        imported=False,
        data=fact.model_dump_json(exclude_defaults=True),
    )


@dataclass
class Log:
    """A partition that gives every record the next offset."""

    end: int = 0

    def record(self, of: Envelope, **changes: object) -> Record:
        """The next record."""
        self.end += 1
        fields = {"key": str(of.key).encode(), "headers": tuple(of.headers()), "value": of.data.encode()}
        return Record("huying.demand-events", 0, self.end - 1, **(fields | changes))  # type: ignore[arg-type]

    def records(self, *facts: f.StatusFact, first: int = 1, key: UUID = story.ID) -> list[Record]:
        """Records of these facts, with ascending sequence numbers."""
        numbered = (
            fact.model_copy(update={"number": number("NH", 2021, key.int % 10**6)})
            if type(fact) is f.DemandSubmitted
            else fact
            for fact in facts
        )
        return [self.record(envelope(fact, n, key)) for n, fact in enumerate(numbered, first)]


@dataclass
class RecordedFacts:
    """A projection of a service that lists the facts it gets; it can be made to fail."""

    facts: list[str] = field(default_factory=list)
    fault: Exception | None = None
    faulty: UUID | None = None
    """The demand for which it fails."""

    def __call__(self, writes: WriteBatch, changes: Sequence[Change[Demand, f.Fact]]) -> None:
        if self.fault:
            raise self.fault
        if self.faulty in {change.envelope.key for change in changes}:
            raise LookupError(self.faulty)
        self.facts += [change.fact.type for change in changes]


async def apply_records(delivery: Delivery, records: Iterable[Record]) -> None:
    """Apply these records, including the service's own facts, which a delivery would leave out."""
    for record in records:
        await delivery.redrive(record)


async def only_dead_letter(db: Connection) -> dead_letters.DeadLetter:
    """The only waiting dead letter, with its record."""
    (waiting,) = await dead_letters.waiting(db, after=0, most=2)
    letter = await dead_letters.by_id(db, waiting.id)
    assert letter
    assert (letter.place, letter.cause) == (waiting.place, waiting.cause)
    return letter


@pytest.fixture
def log() -> Log:
    return Log()


@pytest.fixture
def projection() -> RecordedFacts:
    return RecordedFacts()


@pytest.fixture
async def pool(databases: Databases, database: str) -> Pool:
    return await databases.pool(database, "reporting")


@pytest.fixture
def delivery(pool: Pool, projection: RecordedFacts) -> Delivery:
    repository: Repository[Demand, f.Fact] = Repository("demand_facts", demand_rules(Service.REPORTING), projection)
    return Delivery(pool, Repositories.of(repository), "cluster", limit=5)
