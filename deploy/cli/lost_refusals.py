"""Repeats refusals of publication that citizens made in the time that a restore has lost, from the facts of that time.

Without this, texts that a citizen had hidden would be public again.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from services.intake.publications import queries
from services.intake.publications.projection import ProjectedPublication
from shared.chassis.aggregates.commands import CommandHandler
from shared.chassis.aggregates.repository import Repository
from shared.chassis.base.clock import now, uuid5
from shared.chassis.database.pool import Connection
from shared.chassis.database.write_batch import WriteBatch
from shared.contracts.demand.facts import Fact, PublicationAllowed, PublicationRefused
from shared.contracts.demand.state import Demand

_KINDS: Final = {kind.wire_type(): kind for kind in (PublicationRefused, PublicationAllowed)}


@dataclass(frozen=True, slots=True)
class RefusalFact:
    """A fact about a refusal of publication, or about its withdrawal, with its id."""

    id: UUID
    fact: PublicationRefused | PublicationAllowed


def refusals_by_demand(lines: Iterable[str]) -> Mapping[UUID, Sequence[RefusalFact]]:
    """These facts by demand, from the lines of `huying events tail --json`; raises `ValueError` with the number of a
    wrong line."""
    by_demand: dict[UUID, dict[UUID, RefusalFact]] = defaultdict(dict)
    for n, line in enumerate(lines, 1):
        try:
            event: dict[str, Any] = json.loads(line)
            if kind := _KINDS.get(event["type"]):
                id = UUID(event["id"])
                by_demand[UUID(event["partitionkey"])][id] = RefusalFact(id, kind.model_validate(event["data"]))
        except (ValueError, KeyError, TypeError) as fault:
            raise ValueError(f"line {n} is not a fact as `huying events tail --json` prints it: {fault!r}") from None
    return {demand: [*notes.values()] for demand, notes in by_demand.items()}


async def repeat_refusals(
    db: Connection, repository: Repository[Demand, Fact], facts_by_demand: Mapping[UUID, Sequence[RefusalFact]]
) -> int:
    """Repeat the refusals that were in force at the end of the lost time; returns the number of demands.

    Demands that the database does not know, or knows as refused, are left out.
    """
    ids = [note.id for notes in facts_by_demand.values() for note in notes]
    stored = {row["id"] for row in await db.fetch("SELECT id FROM journal WHERE id = ANY($1)", ids)}
    refused: dict[UUID, UUID] = {}
    for demand, (refusals, allowed) in (await queries.stands(db, list(facts_by_demand))).items():
        stand = ProjectedPublication(refusals=refusals, allowed=allowed)
        lost = [note for note in facts_by_demand[demand] if note.id not in stored]
        if not stand.is_refused and _after(stand, lost).is_refused:
            refused[demand] = next(note.id for note in lost if isinstance(note.fact, PublicationRefused))
    handler = CommandHandler(repository)
    for key, id in refused.items():
        await handler.handle(db, RefuseAgain(key, uuid5(id, "restored")))
    return len(refused)


@dataclass(frozen=True, slots=True)
class RefuseAgain:
    """A command that repeats a citizen's refusal of publication."""

    key: UUID
    cause: UUID

    async def known(self, db: Connection, state: Demand) -> bool | None:
        """None: the caller leaves out demands that are refused already."""
        return None

    async def decide(self, db: Connection, state: Demand, at: datetime) -> Sequence[Fact]:
        """The note about the refusal."""
        return [PublicationRefused()]

    def answer(self, writes: WriteBatch, state: Demand, at: datetime) -> bool:
        """Always True."""
        return True


def _after(stand: ProjectedPublication, lost: Sequence[RefusalFact]) -> ProjectedPublication:
    for note in lost:
        stand = stand.then(note.fact, now())
    return stand
