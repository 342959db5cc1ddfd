"""The gauges of intake: demands that wait for routing."""

from typing import Final

from services.intake.submission.queries import unrouted
from shared.chassis.base.metric_declarations import gauge, one_consumer_of
from shared.chassis.database.pool import Connection
from shared.chassis.work.table_gauges import Rows, TableGauge

LOOKED_AT: Final = 5_000
"""At most so many waiting demands are counted, which takes some ten milliseconds."""
_ONE: Final = one_consumer_of("intake")
UNROUTED: Final = gauge(
    "huying_unrouted_demands",
    "Demands submitted over a minute ago that routing has neither routed to a unit nor sent to triage; at most 5,000"
    " are counted",
    ["service"],
    served=_ONE,
)
UNROUTED_OLDEST: Final = gauge(
    "huying_unrouted_oldest_seconds", "Time that the oldest unrouted demand has waited", ["service"], served=_ONE
)


async def _unrouted(db: Connection) -> Rows:
    return [("intake", *await unrouted(db, LOOKED_AT))]


GAUGES: Final = (TableGauge((UNROUTED, UNROUTED_OLDEST), _unrouted),)
