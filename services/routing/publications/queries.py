"""Routing's SQL about publications: written by the projection, read for a case and for the list of waiting answers."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID

from services.routing.publications.domain import PublicationState
from shared.chassis.database.pool import Connection
from shared.chassis.database.write_batch import WriteBatch
from shared.chassis.http.pagination import Moment
from shared.chassis.work.timers import plan_selected

COUNTED_UP_TO: Final = 1000
PUBLICATION: Final = "publication"


class AwaitingRelease(NamedTuple):
    """A case whose answer waits to be released; `state` is the demand as JSON."""

    id: UUID
    state: str
    text: str
    proposal: str
    since: datetime
    is_correction: bool


def put(writes: WriteBatch, rows: Sequence[tuple[object, ...]]) -> None:
    """Insert or update the publications of cases. Of several editions the highest one wins; a refusal stays until it is
    taken back."""
    writes.add(
        f"""
        INSERT INTO publication AS known (
            demand_id, jurisdiction, unit, edition, is_public, title, text, answer, is_refused, refusals, allowed,
            proposed_at, proposal, needs_consent
        )
        SELECT demand_id, jurisdiction, unit, edition, is_public AND NOT is_refused, title, text, answer, is_refused,
            refusals, allowed, proposed_at, proposal, needs_consent
        FROM unnest($1::publication_stand_row[]) AS new
        WHERE edition > 0 OR refusals > 0 OR allowed IS NOT NULL OR proposal IS NOT NULL
        ON CONFLICT (demand_id) DO UPDATE SET
            unit = excluded.unit,
            edition = greatest(known.edition, excluded.edition),
            is_public = CASE WHEN {_REFUSED} THEN false
                WHEN excluded.edition > known.edition THEN excluded.is_public ELSE known.is_public END,
            title = CASE WHEN excluded.edition > known.edition THEN excluded.title ELSE known.title END,
            text = CASE WHEN excluded.edition > known.edition THEN excluded.text ELSE known.text END,
            answer = CASE WHEN excluded.edition > known.edition THEN excluded.answer ELSE known.answer END,
            is_refused = {_REFUSED},
            refusals = {_REFUSALS},
            allowed = {_ALLOWED},
            proposed_at = excluded.proposed_at,
            proposal = coalesce(excluded.proposal, known.proposal),
            needs_consent = excluded.needs_consent
        """,  # noqa: S608 (names of this module)
        rows,
    )
    writes.after.add(
        """
        UPDATE publication SET proposed_at = NULL
        WHERE demand_id = ANY($1::uuid[]) AND (is_refused OR (needs_consent AND allowed IS NULL))
        """,
        [row[0] for row in rows],
    )


# A version before writes no count beside a refusal.
_REFUSALS: Final = "greatest(known.refusals, known.is_refused::integer) + excluded.refusals"
_ALLOWED: Final = "greatest(known.allowed, excluded.allowed)"
_REFUSED: Final = f"({_REFUSALS} > coalesce({_ALLOWED}, 0))"


def plan_releases(writes: WriteBatch, due: Sequence[tuple[UUID, datetime]]) -> None:
    """Plan the timers of releases, with the present texts. An answer whose publication the office took back waits until
    a person releases it."""
    plan_selected(
        writes,
        """
        SELECT 'publication' AS kind, due.demand_id AS key, '' AS name, due.at, jsonb_build_object(
            'edition', edition, 'is_public', is_public, 'title', state ->> 'title',
            'text', coalesce(wording.text, ''), 'answer', proposal, 'allowed', allowed IS NOT NULL,
            'reopenings', coalesce((state ->> 'reopenings')::int, 0)
        ) AS payload
        FROM unnest($1::publication_due_row[]) AS due
        JOIN publication ON publication.demand_id = due.demand_id AND proposed_at IS NOT NULL
            AND proposal <> '' AND (edition = 0 OR publication.title IS NOT NULL)
        JOIN demand ON demand.id = due.demand_id LEFT JOIN wording ON wording.demand_id = due.demand_id
        """,
        list(due),
    )


async def state_of(db: Connection, demand_id: UUID, title: str) -> PublicationState:
    """The state of a case's publication; `title` is the title of the demand."""
    row = await db.fetchrow(
        """
        SELECT edition, is_public, is_refused, allowed IS NOT NULL AND NOT is_refused AS allowed, proposed_at,
            title, text, answer, coalesce(proposal, '') AS proposal,
            coalesce((SELECT text FROM wording WHERE wording.demand_id = asked.demand_id), '') AS words
        FROM (SELECT $1::uuid AS demand_id) AS asked LEFT JOIN publication USING (demand_id)
        """,
        demand_id,
    )
    assert row
    state = PublicationState(
        edition=row["edition"] or 0,
        is_public=bool(row["is_public"]),
        refused=bool(row["is_refused"]),
        allowed=bool(row["allowed"]),
        waiting_since=row["proposed_at"],
        title=title,
        text=row["words"],
        answer=row["proposal"],
    )
    if not state.is_public:
        return state
    answer = state.answer if state.waiting_since else row["answer"]
    return state.model_copy(update={"title": row["title"], "text": row["text"], "answer": answer})


async def waiting(
    db: Connection, jurisdiction: str, units: Sequence[str] | None, after: Moment, limit: int
) -> tuple[list[AwaitingRelease], Moment | None]:
    """The answers that wait for release, the oldest first, and where the next page begins; `units` of None means all
    units."""
    rows = await db.fetch(
        """
        SELECT demand.id, state::text AS state, coalesce(wording.text, '') AS text,
            coalesce(proposal, '') AS proposal, proposed_at, is_public
        FROM publication JOIN demand ON demand.id = demand_id LEFT JOIN wording USING (demand_id)
        WHERE jurisdiction = $1 AND proposed_at IS NOT NULL AND (proposed_at, demand_id) > ($2, $3)
            AND ($4::text[] IS NULL OR publication.unit = ANY($4))
        ORDER BY proposed_at, demand_id LIMIT $5
        """,
        jurisdiction,
        after.at,
        after.id,
        None if units is None else list(units),
        limit + 1,
    )
    cases = [AwaitingRelease(*row) for row in rows[:limit]]
    return cases, Moment(cases[-1].since, cases[-1].id) if len(rows) > limit else None


async def count(db: Connection, jurisdiction: str, units: Sequence[str] | None) -> int:
    """How many answers wait for release, counted up to `COUNTED_UP_TO`."""
    count: int = await db.fetchval(
        """
        SELECT count(*) FROM (
            SELECT FROM publication WHERE jurisdiction = $1 AND proposed_at IS NOT NULL
                AND ($2::text[] IS NULL OR unit = ANY($2)) LIMIT $3
        ) AS few
        """,
        jurisdiction,
        None if units is None else list(units),
        COUNTED_UP_TO,
    )
    return count
