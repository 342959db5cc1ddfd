"""Test load for routing: other services send facts of demands over Kafka, and staff give commands over HTTP."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any, Final
from uuid import UUID, uuid4

from aiokafka import AIOKafkaProducer

from shared.contracts.demand import facts as f
from shared.contracts.numbers import number
from shared.contracts.topics import DEMAND_EVENTS
from shared.identity.person import Person
from tests import story
from tests.chassis.conftest import envelope
from tests.eventually import eventually
from tests.routing.case_commands import DISPATCHER, STAFF, choice
from tests.routing.case_harness import CaseHarness, Course, Sent

CLERK: Final = STAFF[0]
AWAY: Final = 503
WORDS: Final = (f.DemandUrged(reason="等了十天"), f.DemandSupplemented(text="又塌了"), f.DemandSupported())


@dataclass(frozen=True, slots=True)
class Family:
    """A case with others merged into it, and its end: resolved, declined or withdrawn."""

    parent: UUID
    children: Sequence[UUID]
    end: str


@dataclass
class District:
    """All raised demands, and every command with its response."""

    harness: CaseHarness
    producer: AIOKafkaProducer
    keys: list[UUID] = field(default_factory=list)
    sent: list[Sent] = field(default_factory=list)
    chance: Random = field(default_factory=lambda: Random(14))

    async def raises(self, count: int) -> list[UUID]:
        """Raise this many demands about a road of one village, which the catalogue routes to its station."""
        keys = [UUID(int=len(self.keys) + n) for n in range(1, count + 1)]
        self.keys += keys
        for key in keys:
            changes = {"number": number("NH", 2021, key.int), "title": f"路面破损 {key.int}"}
            await self.record(key, story.SUBMISSION.model_copy(update=changes), 1)
        return keys

    async def record(self, key: UUID, fact: f.Fact, sequence: int | None = None) -> None:
        """Send a fact of another service, twice, as its relay does after a restart."""
        recorded_envelope = envelope(fact, sequence, key, self.harness.now)._replace(id=uuid4())
        for _ in range(2):
            await self.producer.send_and_wait(
                DEMAND_EVENTS.name,
                recorded_envelope.data.encode(),
                key=str(key).encode(),
                headers=recorded_envelope.headers(),
            )

    async def command(self, by: Person, key: UUID, name: str, **fields: Any) -> Sent:
        """Send a command, again with the same key while the database is busy, and return its response."""
        command_key = f"k{len(self.sent)}-{uuid4()}"
        while True:
            sent = await self.harness.send(by, number("NH", 2021, key.int), name, fields, command_key)
            if sent.status != AWAY:
                self.sent.append(sent)
                return sent

    async def does(self, by: Person, key: UUID, name: str, **fields: Any) -> None:
        """Send a command that must succeed."""
        sent = await self.command(by, key, name, **fields)
        assert sent.status == 200, sent

    async def courses(self, keys: Sequence[UUID] = ()) -> dict[UUID, Course]:
        """The stored state and facts of these cases, or of all."""
        return await self.harness.courses(keys or self.keys)

    async def are(self, keys: Iterable[UUID], *statuses: str, within: float) -> None:
        """Wait until each of these has one of these statuses."""
        missing = list(keys)

        async def others() -> list[str]:
            rows = await self.harness.pool.fetch("SELECT id, status FROM demand WHERE id = ANY($1::uuid[])", missing)
            statuses_by_id = {row["id"]: row["status"] for row in rows}
            return [
                f"{key.int} {statuses_by_id.get(key)}" for key in missing if statuses_by_id.get(key) not in statuses
            ]

        await eventually(others, lambda left: not left, within=within)

    async def facts(self) -> int:
        """The number of facts that routing has recorded."""
        return int(await self.harness.pool.fetchval("SELECT count(*) FROM journal"))

    async def works_at_random(self, keys: Sequence[UUID], times: int) -> None:
        """Staff give random commands that were possible before, three at once, and citizens add notes."""
        for _ in range(times):
            courses = await self.courses(keys)
            commands = [self._choice(keys, courses) for _ in range(3)]
            words = self.record(self.chance.choice(keys), self.chance.choice(WORDS))
            await asyncio.gather(
                words, *(self.command(by, key, name, **fields) for key, (by, name, fields) in commands)
            )

    def _choice(self, keys: Sequence[UUID], courses: dict[UUID, Course]) -> tuple[UUID, tuple[Person, str, Any]]:
        key, parent = self.chance.sample(keys, 2)
        into = courses[parent].stored.number
        return key, choice(self.chance.getrandbits(32), courses[key].stored, courses, into, self.harness.now)

    async def joins(self, family: Family) -> None:
        """Merge its children into their parent, and take the last one out again."""
        into = number("NH", 2021, family.parent.int)
        for child in family.children:
            await self.does(DISPATCHER, child, "merge", into=into, reason="同一处")
        await self.does(DISPATCHER, family.children[-1], "unmerge", reason="不同")

    async def ends(self, family: Family) -> None:
        """Merge the last child again, and end the parent."""
        into = number("NH", 2021, family.parent.int)
        await self.does(DISPATCHER, family.children[-1], "merge", into=into, reason="还是同一处")
        match family.end:
            case "resolved":
                for name, fields in (("accept", {}), ("contact", {}), ("resolve", {"result": "修好了"})):
                    await self.does(CLERK, family.parent, name, **fields)
            case "declined":
                await self.does(DISPATCHER, family.parent, "decline", reason="邻区")
            case "withdrawn":
                await self.record(family.parent, f.WithdrawalRequested(reason="已自行解决"))

    async def is_judged(self, family: Family) -> None:
        """Its citizens rate: the parent's is satisfied, the first child's is not."""
        courses = await self.courses([family.parent, family.children[0]])
        parent, child = (courses[key].version for key in (family.parent, family.children[0]))
        await self.record(family.parent, f.DemandConfirmed(rating=5, solved=True), parent + 1)
        await self.record(family.children[0], f.DemandReopened(reason="仍然漏水", rating=1), child + 1)
