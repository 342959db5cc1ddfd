"""The gauges of routing: demands that wait for a dispatcher, and overdue demands."""

from typing import Final

from services.routing.cases import overview_queries
from shared.chassis.base.metric_declarations import gauge, one_consumer_of
from shared.chassis.work.table_gauges import TableGauge

_ONE: Final = one_consumer_of("routing")
TRIAGE: Final = gauge(
    "huying_triage_demands",
    "Demands that no rule could route and that wait for a dispatcher; at most 10,000 for each jurisdiction",
    ["jurisdiction"],
    served=_ONE,
)
TRIAGE_OLDEST: Final = gauge(
    "huying_triage_oldest_seconds",
    "Time that the oldest demand in triage has waited",
    ["jurisdiction"],
    served=_ONE,
)
OPEN: Final = gauge(
    "huying_open_demands",
    "Demands that a unit must answer, counted within the last minute",
    ["jurisdiction"],
    served=_ONE,
)
OVERDUE: Final = gauge(
    "huying_overdue_demands",
    "Open demands whose due time is over, without those whose clock is paused",
    ["jurisdiction"],
    served=_ONE,
)
OVERDUE_OLDEST: Final = gauge(
    "huying_overdue_oldest_seconds",
    "Time since the due time of the demand that is overdue the longest",
    ["jurisdiction"],
    served=_ONE,
)


GAUGES: Final = (
    TableGauge((TRIAGE, TRIAGE_OLDEST), overview_queries.in_triage),
    TableGauge((OPEN, OVERDUE, OVERDUE_OLDEST), overview_queries.loads),
)
