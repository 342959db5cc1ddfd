"""Digests: several intents for one recipient are merged into the first one, whose message then covers all of them."""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

import orjson

from shared.chassis.database.pool import Connection
from shared.chassis.work.intent_queue import INTENT, Queued, intent_of
from shared.chassis.work.intents import TOLD, TOLD_WITH, Digest, Intent, IntentKind, IntentState

TOGETHER: Final = "sent in one message together with others"


async def merge_gathered(
    db: Connection, kind: IntentKind[Any], begun: Sequence[Queued]
) -> tuple[Mapping[UUID, Mapping[str, Any]], int]:
    """Merge waiting intents into those of `begun` that gather others; returns the new bodies by id, and the number of
    merged intents.

    The others end in the transaction in which the first one begins to be sent, not earlier: until then the first one
    may be skipped, overtaken or cancelled. Intents that wait in the lines of the gathered ones are merged too.
    """
    first = {queued.gathers: queued for queued in begun if queued.gathers}
    if not first:
        return {}, 0
    waiting = await _waiting(db, kind.name, first)
    digests = {first[mark].intent.id: _digest(kind, first[mark], others) for mark, others in waiting.items()}
    chosen = {id: digest for id, digest in digests.items() if digest}
    ended = {id: sorted(digest.covered - {id}) for id, digest in chosen.items()}
    bodies = {
        id: {**digest.body, TOLD: len(digest.covered), TOLD_WITH: list(map(str, ended[id]))}
        for id, digest in chosen.items()
    }
    if bodies:
        await _replace_bodies(db, bodies)
    return bodies, await _end(db, [other for others in ended.values() for other in others])


async def restore_merged(db: Connection, unsent: Sequence[Intent]) -> None:
    """Make the intents pending again that were merged into `unsent` ones.

    An intent that gathered others may not be sent after all: its gateway gave it back, and by then its recipient was
    erased or wants no messages any more.
    """
    others = [UUID(id) for intent in unsent for id in intent.body.get(TOLD_WITH, ())]
    if others:
        await db.execute(
            """
            UPDATE intent SET state = $2, cause = NULL, finished_at = NULL, due_at = now()
            WHERE id = ANY($1) AND state = $3 AND cause = $4
            """,
            others,
            IntentState.PENDING,
            IntentState.MERGED,
            TOGETHER,
        )


async def _waiting(db: Connection, kind: str, first: Mapping[bytes, Queued]) -> Mapping[bytes, list[Intent]]:
    """For each recipient's mark, in order: the gathered intents, and those that wait behind them in the same lines."""
    rows = await db.fetch(
        f"""
        WITH own AS (
            SELECT line, gathers AS mark FROM intent WHERE kind = $1 AND state = 'pending' AND gathers = ANY($2)
            UNION SELECT * FROM unnest($3::text[], $2)
        )
        SELECT {INTENT}, mark FROM intent JOIN own USING (line) WHERE kind = $1 AND state = 'pending'
        ORDER BY position FOR UPDATE OF intent
        """,  # noqa: S608 (a constant)
        kind,
        list(first),
        [queued.intent.line for queued in first.values()],
    )
    waiting: dict[bytes, list[Intent]] = {}
    for row in rows:
        waiting.setdefault(row["mark"], []).append(intent_of(row))
    return waiting


def _digest(kind: IntentKind[Any], first: Queued, others: Sequence[Intent]) -> Digest | None:
    """The digest of the intents, the one that is sent first; None if there are no others."""
    return kind.digest([first.intent, *others]) if others else None


async def _replace_bodies(db: Connection, bodies: Mapping[UUID, Mapping[str, Any]]) -> None:
    await db.execute(
        """
        UPDATE intent SET body = digest.body::jsonb, gathers = NULL
        FROM unnest($1::uuid[], $2::text[]) AS digest (id, body) WHERE intent.id = digest.id
        """,
        list(bodies),
        [orjson.dumps(body, default=str).decode() for body in bodies.values()],
    )


async def _end(db: Connection, others: Sequence[UUID]) -> int:
    if others:
        await db.execute(
            """
            UPDATE intent SET state = $2, cause = $3, finished_at = now(), waits = NULL, recipient = NULL,
                gathers = NULL
            WHERE id = ANY($1)
            """,
            others,
            IntentState.MERGED,
            TOGETHER,
        )
    return len(others)
