"""Routing's API and timers on a real database, with a clock that a test moves, for many commands at once."""

import json
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID, uuid4, uuid5

import httpx

from services.routing.assembled import demand_repository
from services.routing.cases.api import routes
from services.routing.cases.following import PARENT, follow_parent
from services.routing.cases.handler import Actor, CaseHandler
from services.routing.deadlines.queries import DEADLINE
from services.routing.deadlines.timer import deadline_timer
from shared.chassis.base.tokens import Tokens
from shared.chassis.database.pool import Pool
from shared.chassis.http.app import web_app
from shared.chassis.work.timers import Timers
from shared.contracts.demand import facts as f
from shared.contracts.demand.state import Demand
from shared.contracts.event_types import parse
from shared.identity.person import Person
from shared.identity.staff import StaffBearers
from shared.identity.staff_tokens import StaffTokens
from tests import story
from tests.chassis.conftest import envelope
from tests.packs import shipped

TOKENS = Tokens("s" * 40)
REPOSITORY = demand_repository(shipped())


class Sent(NamedTuple):
    """A command as it was sent, with its response."""

    by: Person
    number: str
    command: str
    fields: Mapping[str, Any]
    key: str
    status: int
    body: Mapping[str, Any]

    @property
    def cause(self) -> UUID:
        """The id from which the ids of its facts are derived."""
        return Actor(self.by, self.key).cause(self.number)


class StoredFact(NamedTuple):
    """A stored fact of a case; `position` is None for a fact of another service."""

    id: UUID
    fact: f.Fact
    at: datetime
    sequence: int | None
    correlation: UUID | None
    position: int | None


class Course(NamedTuple):
    """A stored case and all its facts: those with a sequence in order, then the notes."""

    stored: Demand
    version: int
    steps: Sequence[StoredFact]
    notes: Sequence[StoredFact]


@dataclass
class CaseHarness:
    """The desk over HTTP; `now` is the time of its clock and of its timers' clock."""

    pool: Pool
    now: datetime = story.AT
    resources: AsyncExitStack = field(default_factory=AsyncExitStack)
    client: httpx.AsyncClient = field(init=False)

    async def __aenter__(self) -> "CaseHarness":
        desk = CaseHandler(self.pool, REPOSITORY, shipped(), clock=lambda: self.now)
        app = web_app("routing", routes(desk, StaffBearers(self.pool, StaffTokens(TOKENS))))
        client = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://routing")
        self.client = await self.resources.enter_async_context(client)
        return self

    async def __aexit__(self, *fault: object) -> None:
        await self.resources.aclose()

    async def send(self, by: Person, number: str, command: str, fields: Mapping[str, Any], key: str) -> Sent:
        """Give a command as the person of the token."""
        claims = {"name": by.name, "unit": by.unit, "roles": sorted(by.roles)}
        headers = {"Authorization": f"Bearer {TOKENS.write('staff', claims)}", "Idempotency-Key": key}
        answer = await self.client.post(f"/v1/cases/{number}/{command}", headers=headers, json=dict(fields))
        return Sent(by, number, command, fields, key, answer.status_code, answer.json())

    async def deliver(self, key: UUID, fact: f.Fact) -> None:
        """Deliver a fact of another service about the case."""
        async with self.pool.acquire() as db, db.transaction():
            work = await REPOSITORY.load(db, [key], self.now)
            sequence = work.state(key).version + 1 if fact.moves else None
            work.apply(envelope(fact, sequence, key, self.now)._replace(id=uuid4()))
            await REPOSITORY.save(db, work)

    async def run_timers(self) -> None:
        """Run everything that is due, and what becomes due by that."""
        packs = shipped()
        kinds = {PARENT: follow_parent(REPOSITORY, packs), DEADLINE: deadline_timer(REPOSITORY, packs)}
        timers = Timers(self.pool, kinds, clock=lambda: self.now)
        while await timers.run_some():
            pass

    async def forget_timers(self) -> None:
        """Remove the timers of cases that no test uses any more."""
        await self.pool.execute("TRUNCATE timer")

    async def courses(self, keys: Sequence[UUID]) -> dict[UUID, Course]:
        """The stored state and facts of these cases."""
        async with self.pool.acquire() as db, db.transaction(isolation="repeatable_read"):
            cases = await db.fetch(
                "SELECT id, version, state::text, unit, status FROM demand WHERE id = ANY($1::uuid[])", list(keys)
            )
            rows = await db.fetch(
                """
                SELECT aggregateid AS key, id, type, payload, time, sequence, correlation, position
                FROM journal WHERE aggregateid = ANY($1::uuid[])
                UNION ALL SELECT demand_id, id, type, payload, time, sequence, NULL, NULL
                FROM heard_fact WHERE demand_id = ANY($1::uuid[])
                ORDER BY position NULLS FIRST
                """,
                list(keys),
            )
        facts_by_case: dict[UUID, list[StoredFact]] = {key: [] for key in keys}
        for row in rows:
            fact = parse(row["type"], row["payload"])
            facts_by_case[row["key"]].append(
                StoredFact(row["id"], fact, row["time"], row["sequence"], row["correlation"], row["position"])
            )
        courses_by_id = {}
        for case in cases:
            facts = facts_by_case[case["id"]]
            steps = sorted((t for t in facts if t.sequence is not None), key=lambda t: t.sequence or 0)
            stored = Demand.model_validate_json(case["state"])
            assert (case["unit"], case["status"]) == (stored.unit, stored.status), "columns follow the state"
            courses_by_id[case["id"]] = Course(stored, case["version"], steps, [t for t in facts if t.sequence is None])
        return courses_by_id


def id_of_first_fact(sent: Sent) -> UUID:
    """The id that the first fact of a command has, however often the command is sent."""
    return uuid5(sent.cause, "0")


def answer_of(sent: Sent) -> Demand:
    """The case in the response to the command."""
    return Demand.model_validate_json(json.dumps(sent.body))
