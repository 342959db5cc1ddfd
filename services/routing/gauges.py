"""What an office must not overlook, counted for those who watch: what waits for a dispatcher, and what is overdue."""

from typing import Final

from shared.chassis.base.metric_declarations import gauge, one_consumer_of
from shared.chassis.database.pool import Connection
from shared.chassis.work.table_gauges import COUNTED_UP_TO, Rows, TableGauge

_ONE: Final = one_consumer_of("routing")
TRIAGE: Final = gauge(
    "huying_triage_demands",
    "Demands that no rule could route and that wait for a dispatcher; of each jurisdiction 10,000 at most",
    ["jurisdiction"],
    served=_ONE,
)
TRIAGE_OLDEST: Final = gauge(
    "huying_triage_oldest_seconds",
    "For how long the one of them has waited that waits the longest",
    ["jurisdiction"],
    served=_ONE,
)
OPEN: Final = gauge(
    "huying_open_demands",
    "Demands that a unit is to answer, as they were counted within the last minute",
    ["jurisdiction"],
    served=_ONE,
)
OVERDUE: Final = gauge(
    "huying_overdue_demands",
    "Those of them whose due time is over while their clock runs",
    ["jurisdiction"],
    served=_ONE,
)
OVERDUE_OLDEST: Final = gauge(
    "huying_overdue_oldest_seconds",
    "By how much the one of them is overdue that is the longest overdue",
    ["jurisdiction"],
    served=_ONE,
)


async def _triage(db: Connection) -> Rows:
    """By its index, of each jurisdiction the first alone: many that wait in one hide no other. `updated_at` is the time
    of the step that sent it there, since nothing else happens to it there but notes."""
    return await db.fetch(
        """
        WITH RECURSIVE jurisdiction (triage_in) AS (
            SELECT min(triage_in) FROM demand WHERE triage_in IS NOT NULL
            UNION ALL
            SELECT (SELECT min(demand.triage_in) FROM demand WHERE demand.triage_in > jurisdiction.triage_in)
            FROM jurisdiction WHERE jurisdiction.triage_in IS NOT NULL
        )
        SELECT triage_in, count(*), extract(epoch FROM now() - min(moment(state ->> 'updated_at')))
        FROM jurisdiction CROSS JOIN LATERAL (
            SELECT state FROM demand WHERE demand.triage_in = jurisdiction.triage_in ORDER BY id LIMIT $1
        ) AS waiting
        GROUP BY triage_in
        """,
        COUNTED_UP_TO,
    )


async def _open(db: Connection) -> Rows:
    """What the worker counted lately for the overview of units: a million open cases cost nothing here."""
    return await db.fetch(
        """
        SELECT jurisdiction, sum(open), sum(overdue), greatest(extract(epoch FROM now() - min(oldest_due)), 0)
        FROM unit_load GROUP BY jurisdiction
        """
    )


GAUGES: Final = (TableGauge((TRIAGE, TRIAGE_OLDEST), _triage), TableGauge((OPEN, OVERDUE, OVERDUE_OLDEST), _open))
