"""Demands of which other services tell by Kafka, and on which staff give commands over HTTP."""

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
from tests.routing.case_hall import CaseHall, Course, Sent

CLERK: Final = STAFF[0]
AWAY: Final = 503
WORDS: Final = (f.DemandUrged(reason="等了十天"), f.DemandSupplemented(text="又塌了"), f.DemandSupported())


@dataclass(frozen=True, slots=True)
class Family:
    """A case with others that are merged into it, and how it ends: resolved, declined or withdrawn."""

    parent: UUID
    children: Sequence[UUID]
    end: str


@dataclass
class District:
    """Everything that was raised, and every command with its answer."""

    hall: CaseHall
    producer: AIOKafkaProducer
    keys: list[UUID] = field(default_factory=list)
    sent: list[Sent] = field(default_factory=list)
    chance: Random = field(default_factory=lambda: Random(14))

    async def raises(self, count: int) -> list[UUID]:
        """So many demands about a road of one village, which the catalogue sends to its station."""
        keys = [UUID(int=len(self.keys) + n) for n in range(1, count + 1)]
        self.keys += keys
        for key in keys:
            changes = {"number": number("NH", 2021, key.int), "title": f"路面破损 {key.int}"}
            await self.tells(key, story.SUBMISSION.model_copy(update=changes), 1)
        return keys

    async def tells(self, key: UUID, fact: f.Fact, sequence: int | None = None) -> None:
        """What another service tells; twice, as its relay does after it was started again."""
        told = envelope(fact, sequence, key, self.hall.now)._replace(id=uuid4())
        for _ in range(2):
            await self.producer.send_and_wait(
                DEMAND_EVENTS.name, told.data.encode(), key=str(key).encode(), headers=told.headers()
            )

    async def command(self, by: Person, key: UUID, name: str, **fields: Any) -> Sent:
        """The answer to a command, which is sent again under its key while the database is busy elsewhere."""
        command_key = f"k{len(self.sent)}-{uuid4()}"
        while True:
            sent = await self.hall.send(by, number("NH", 2021, key.int), name, fields, command_key)
            if sent.status != AWAY:
                self.sent.append(sent)
                return sent

    async def does(self, by: Person, key: UUID, name: str, **fields: Any) -> None:
        """A command that must be done."""
        sent = await self.command(by, key, name, **fields)
        assert sent.status == 200, sent

    async def courses(self, keys: Sequence[UUID] = ()) -> dict[UUID, Course]:
        """What is stored of these cases, or of all."""
        return await self.hall.courses(keys or self.keys)

    async def are(self, keys: Iterable[UUID], *statuses: str, within: float) -> None:
        """Return when every one of these has one of these statuses."""
        wanted = list(keys)

        async def others() -> list[str]:
            rows = await self.hall.pool.fetch("SELECT id, status FROM demand WHERE id = ANY($1::uuid[])", wanted)
            known = {row["id"]: row["status"] for row in rows}
            return [f"{key.int} {known.get(key)}" for key in wanted if known.get(key) not in statuses]

        await eventually(others, lambda left: not left, within=within)

    async def facts(self) -> int:
        """How many facts routing has told."""
        return int(await self.hall.pool.fetchval("SELECT count(*) FROM journal"))

    async def works_at_random(self, keys: Sequence[UUID], times: int) -> None:
        """Staff give commands that were possible when they looked, three at once; the citizens say something."""
        for _ in range(times):
            known = await self.courses(keys)
            given = [self._choice(keys, known) for _ in range(3)]
            words = self.tells(self.chance.choice(keys), self.chance.choice(WORDS))
            await asyncio.gather(words, *(self.command(by, key, name, **more) for key, (by, name, more) in given))

    def _choice(self, keys: Sequence[UUID], known: dict[UUID, Course]) -> tuple[UUID, tuple[Person, str, Any]]:
        key, parent = self.chance.sample(keys, 2)
        into = known[parent].stored.number
        return key, choice(self.chance.getrandbits(32), known[key].stored, known, into, self.hall.now)

    async def joins(self, family: Family) -> None:
        """Its children are merged into their parent; the last one is taken out again."""
        into = number("NH", 2021, family.parent.int)
        for child in family.children:
            await self.does(DISPATCHER, child, "merge", into=into, reason="同一处")
        await self.does(DISPATCHER, family.children[-1], "unmerge", reason="不同")

    async def ends(self, family: Family) -> None:
        """The last child is merged again, and the parent ends."""
        into = number("NH", 2021, family.parent.int)
        await self.does(DISPATCHER, family.children[-1], "merge", into=into, reason="还是同一处")
        match family.end:
            case "resolved":
                for name, fields in (("accept", {}), ("contact", {}), ("resolve", {"result": "修好了"})):
                    await self.does(CLERK, family.parent, name, **fields)
            case "declined":
                await self.does(DISPATCHER, family.parent, "decline", reason="邻区")
            case "withdrawn":
                await self.tells(family.parent, f.WithdrawalRequested(reason="已自行解决"))

    async def is_judged(self, family: Family) -> None:
        """Its citizens answer: the parent's is content, the first child's is not."""
        courses = await self.courses([family.parent, family.children[0]])
        parent, child = (courses[key].version for key in (family.parent, family.children[0]))
        await self.tells(family.parent, f.DemandConfirmed(rating=5, solved=True), parent + 1)
        await self.tells(family.children[0], f.DemandReopened(reason="仍然漏水", rating=1), child + 1)
