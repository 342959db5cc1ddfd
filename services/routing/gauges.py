"""The gauges of routing: demands that wait for a dispatcher, and overdue demands."""

from typing import Final

from services.routing.cases import overview_queries
from shared.chassis.base.metric_declarations import gauge, one_consumer_of
from shared.chassis.work.table_gauges import TableGauge

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


GAUGES: Final = (
    TableGauge((TRIAGE, TRIAGE_OLDEST), overview_queries.in_triage),
    TableGauge((OPEN, OVERDUE, OVERDUE_OLDEST), overview_queries.loads),
)
