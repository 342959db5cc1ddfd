"""What citizens refused in a time that a restore has undone: found in the facts of that time, and told again.

Without it, words that a citizen had hidden would be public again from the start on.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from services.intake.publications import queries
from services.intake.publications.projection import Stand
from shared.chassis.aggregates.commands import CommandHandler
from shared.chassis.aggregates.repository import Repository
from shared.chassis.base.clock import now, uuid5
from shared.chassis.database.pool import Connection
from shared.chassis.database.write_batch import WriteBatch
from shared.contracts.demand.facts import Fact, PublicationAllowed, PublicationRefused
from shared.contracts.demand.state import Demand

_KINDS: Final = {kind.wire_type(): kind for kind in (PublicationRefused, PublicationAllowed)}


@dataclass(frozen=True, slots=True)
class Said:
    """A refusal, or that one was taken back, as it was told."""

    id: UUID
    fact: PublicationRefused | PublicationAllowed


def said_in(lines: Iterable[str]) -> Mapping[UUID, Sequence[Said]]:
    """By demand, from the lines of `huying events tail --json`; raises `ValueError` with the number of one that is
    none."""
    by_demand: dict[UUID, dict[UUID, Said]] = defaultdict(dict)
    for n, line in enumerate(lines, 1):
        try:
            event: dict[str, Any] = json.loads(line)
            if kind := _KINDS.get(event["type"]):
                id = UUID(event["id"])
                by_demand[UUID(event["partitionkey"])][id] = Said(id, kind.model_validate(event["data"]))
        except (ValueError, KeyError, TypeError) as fault:
            raise ValueError(f"line {n} is no fact of `huying events tail --json`: {fault!r}") from None
    return {demand: [*notes.values()] for demand, notes in by_demand.items()}


async def tell_again(db: Connection, repository: Repository[Demand, Fact], said: Mapping[UUID, Sequence[Said]]) -> int:
    """Refuse again what stood refused at the end of the lost time; returns of how many demands. Those that the
    database does not know are left out, and so are those that it knows as refused."""
    ids = [note.id for notes in said.values() for note in notes]
    kept = {row["id"] for row in await db.fetch("SELECT id FROM journal WHERE id = ANY($1)", ids)}
    refused: dict[UUID, UUID] = {}
    for demand, (refusals, allowed) in (await queries.stands(db, list(said))).items():
        stand = Stand(refusals=refusals, allowed=allowed)
        lost = [note for note in said[demand] if note.id not in kept]
        if not stand.is_refused and _after(stand, lost).is_refused:
            refused[demand] = next(note.id for note in lost if isinstance(note.fact, PublicationRefused))
    handler = CommandHandler(repository)
    for key, id in refused.items():
        await handler.handle(db, RefuseAgain(key, uuid5(id, "restored")))
    return len(refused)


@dataclass(frozen=True, slots=True)
class RefuseAgain:
    """Refuses the publication of one demand for its citizen, who had done so."""

    key: UUID
    cause: UUID

    async def known(self, db: Connection, state: Demand) -> bool | None:
        """Never: what is refused already is not asked again."""
        return None

    async def decide(self, db: Connection, state: Demand, at: datetime) -> Sequence[Fact]:
        """The note."""
        return [PublicationRefused()]

    def answer(self, writes: WriteBatch, state: Demand, at: datetime) -> bool:
        """That it is done."""
        return True


def _after(stand: Stand, lost: Sequence[Said]) -> Stand:
    for note in lost:
        stand = stand.then(note.fact, now())
    return stand
