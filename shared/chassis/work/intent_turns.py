"""Selects the next intents from the queue: single messages go before mass messages."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import asyncpg

from shared.chassis.database.pool import Connection
from shared.chassis.work.intent_queue import INTENT, Queued, intent_of
from shared.chassis.work.intents import MASS


@dataclass(frozen=True, slots=True)
class Share:
    """How many mass messages may be taken at once (`most`), and how many even while single messages wait (`least`)."""

    most: int
    least: int = 0


_MASS: Final = f"body ? '{MASS}'"
_ALONE: Final = f"NOT {_MASS}"
"""The conditions of the indexes `intent_mass` and `intent_alone`, in the same words."""


async def next_intents(
    db: Connection,
    kind: str,
    limit: int,
    shut: Sequence[str] = (),
    passed: Sequence[UUID] = (),
    mass: Share | None = None,
) -> list[Queued]:
    """The due intents that are first in their lines: single messages, then mass messages, each oldest first.

    Leaves out intents whose recipient has an earlier intent that is not finished, intents that will be merged into an
    earlier one, intents of the gateways in `shut`, and those in `passed`. `mass` limits the mass messages; without it
    they get the places that are left.
    """
    share = mass or Share(limit)
    single = await _heads(db, _ALONE, kind, limit, shut, passed)
    places = min(share.most, max(limit - len(single), share.least))
    mass_messages = await _heads(db, _MASS, kind, places, shut, passed) if places else []
    return [*single[: limit - len(mass_messages)], *mass_messages]


async def _heads(
    db: Connection, which: str, kind: str, limit: int, shut: Sequence[str], passed: Sequence[UUID]
) -> list[Queued]:
    rows = await db.fetch(
        f"""
        SELECT {INTENT}, position, attempts, failures, recipient, gathers, waits = 'hourly-limit' AS held_back, EXISTS (
            SELECT FROM intent later WHERE later.line = i.line AND later.kind = i.kind
            AND later.position > i.position AND later.state IN ('pending', 'sending')
        ) AS followed
        FROM intent i
        WHERE kind = $1 AND state = 'pending' AND {which} AND due_at <= now() AND (via IS NULL OR via <> ALL($3))
        AND id <> ALL($4) AND NOT EXISTS (
            SELECT FROM intent earlier WHERE earlier.line = i.line AND earlier.kind = i.kind
            AND earlier.position < i.position AND earlier.state IN ('pending', 'sending')
        ) AND (recipient IS NULL OR NOT EXISTS (
            SELECT FROM intent earlier WHERE earlier.recipient = i.recipient
            AND earlier.position < i.position AND earlier.state IN ('pending', 'sending')
        )) AND (gathers IS NULL OR NOT EXISTS (
            SELECT FROM intent earlier WHERE earlier.gathers = i.gathers
            AND earlier.position < i.position AND earlier.state = 'pending'
        ))
        ORDER BY position LIMIT $2
        """,  # noqa: S608 (a constant)
        kind,
        limit,
        list(shut),
        list(passed),
    )
    return [_queued(row) for row in rows]


def _queued(row: asyncpg.Record) -> Queued:
    return Queued(
        intent=intent_of(row),
        position=row["position"],
        attempts=row["attempts"],
        failures=row["failures"],
        mark=row["recipient"],
        held_back=bool(row["held_back"]),
        followed=row["followed"],
        gathers=row["gathers"],
    )
