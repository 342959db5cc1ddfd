"""The metrics of webhooks: deliveries as they are made, and waiting deliveries counted from the tables."""

from collections import Counter
from typing import Final

from services.feedback.webhooks import queries
from services.feedback.webhooks.documents import state_of
from shared.chassis.base.clock import now
from shared.chassis.base.metric_declarations import Served, counter, gauge, one_consumer_of
from shared.chassis.database.pool import Connection
from shared.chassis.work.table_gauges import Rows, TableGauge

_SENDER: Final = Served(frozenset({"consumer"}), frozenset({"feedback"}))
_ONE: Final = one_consumer_of("feedback")
DELIVERIES: Final = counter(
    "huying_webhook_deliveries_total",
    "Requests to endpoints of webhooks, by result: `delivered`, `failed`, `throttled` or `given-up`",
    ["result"],
    served=_SENDER,
)
WAITING: Final = gauge(
    "huying_webhook_deliveries_waiting",
    "Deliveries that wait for enabled webhooks; at most 10,000 for each webhook",
    ["service"],
    served=_ONE,
)
OLDEST: Final = gauge(
    "huying_webhook_oldest_seconds", "Age of the oldest of these deliveries", ["service"], served=_ONE
)
BY_STATE: Final = gauge("huying_webhooks", "Webhooks of all channels, by state", ["state"], served=_ONE)
STATES: Final = ("active", "failing", "disabled")


async def _states(db: Connection) -> Rows:
    states = Counter(map(state_of, await queries.every_webhook(db)))
    return [(state, states[state]) for state in STATES]


async def _waiting(db: Connection) -> Rows:
    enabled = [row.id for row in await queries.every_webhook(db) if not row.disabled_at]
    waiting = (await queries.waiting(db, enabled)).values() if enabled else ()
    oldest = min((one.oldest for one in waiting if one.oldest), default=None)
    age = (now() - oldest).total_seconds() if oldest else 0
    return [("feedback", sum(one.deliveries for one in waiting), age)]


GAUGES: Final = (TableGauge((BY_STATE,), _states), TableGauge((WAITING, OLDEST), _waiting))
