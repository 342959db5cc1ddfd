"""Several intents to one recipient become one: the first of those that were gathered says what all of them say."""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

import orjson

from shared.chassis.database.pool import Connection
from shared.chassis.work.intent_queue import INTENT, Queued, intent_of
from shared.chassis.work.intents import TOLD, TOLD_WITH, Digest, Intent, IntentKind, State

TOGETHER: Final = "told in one message with others"


async def gathered(
    db: Connection, kind: IntentKind[Any], begun: Sequence[Queued]
) -> tuple[Mapping[UUID, Mapping[str, Any]], int]:
    """What those say that begin in this transaction and tell others; returns how many others ended with them.

    No other ends before the one that tells it is on its way: that one may still be skipped, overtaken or cancelled.
    What waits in the lines of those that were gathered is told with them.
    """
    first = {queued.gathers: queued for queued in begun if queued.gathers}
    if not first:
        return {}, 0
    waiting = await _waiting(db, kind.name, first)
    digests = {first[mark].intent.id: _digest(kind, first[mark], others) for mark, others in waiting.items()}
    chosen = {id: digest for id, digest in digests.items() if digest}
    ended = {id: sorted(digest.told - {id}) for id, digest in chosen.items()}
    bodies = {
        id: {**digest.body, TOLD: len(digest.told), TOLD_WITH: list(map(str, ended[id]))}
        for id, digest in chosen.items()
    }
    if bodies:
        await _say(db, bodies)
    return bodies, await _end(db, [other for others in ended.values() for other in others])


async def come_back(db: Connection, unsent: Sequence[Intent]) -> None:
    """Let those be sent by themselves that ended for one which is sent to nobody after all: it came back from its
    gateway, and by then what is known of its own recipient was erased, or that one wants no messages any more."""
    others = [UUID(id) for intent in unsent for id in intent.body.get(TOLD_WITH, ())]
    if others:
        await db.execute(
            """
            UPDATE intent SET state = $2, cause = NULL, finished_at = NULL, due_at = now()
            WHERE id = ANY($1) AND state = $3 AND cause = $4
            """,
            others,
            State.PENDING,
            State.MERGED,
            TOGETHER,
        )


async def _waiting(db: Connection, kind: str, first: Mapping[bytes, Queued]) -> Mapping[bytes, list[Intent]]:
    """By mark, in order: what was gathered, and what waits behind it and behind the first in the same lines."""
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
    """The one that is sent stands first, whichever was written first."""
    return kind.digest([first.intent, *others]) if others else None


async def _say(db: Connection, bodies: Mapping[UUID, Mapping[str, Any]]) -> None:
    await db.execute(
        """
        UPDATE intent SET body = one.body::jsonb, gathers = NULL
        FROM unnest($1::uuid[], $2::text[]) AS one (id, body) WHERE intent.id = one.id
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
            State.MERGED,
            TOGETHER,
        )
    return len(others)
