"""The Prometheus metrics that any service may have; `docs/metrics.md` is generated from these declarations.

A service declares its own metrics in its `gauges.py` in the same way. Names of consumer groups, addresses and ids must
not be labels. Log lines use the same words (`shared/chassis/base/logs.py`).
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from prometheus_client import Histogram

from shared.chassis.base.metric_declarations import APIS, CONSUMERS, ONE_CONSUMER, RELAYS, counter, gauge, histogram

PROCESS: Final = gauge("huying_process_info", "1, with the name and version of the process", ["process", "version"])
LOOP_DELAY: Final = histogram(
    "huying_loop_delay_seconds",
    "Delay of the event loop, measured every second; above 0.1 s, something blocks it",
    buckets=(0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0),
)
POOL_CONNECTIONS: Final = gauge(
    "huying_pool_connections", "Open connections to PostgreSQL", ["service", "pool", "state"]
)
POOL_LIMIT: Final = gauge(
    "huying_pool_limit", "The most connections that may be open at the same time", ["service", "pool"]
)
POOL_WAITING: Final = gauge(
    "huying_pool_waiting", "Tasks that wait for a connection, because all are busy", ["service", "pool"]
)
REQUESTS: Final = histogram(
    "huying_http_request_seconds", "Time to answer a request", ["service", "method", "route", "status"]
)
LONG_TEXTS: Final = counter(
    "huying_long_texts_total",
    "Requests with more than 300 characters of text, by where the text was masked: in a separate process"
    " (`process`), or"
    " on the event loop, because that process did not answer (`loop`)",
    ["result"],
    served=APIS,
)

FACTS: Final = counter(
    "huying_facts_total",
    "Facts that were read, by result: `applied`, `dropped` (handled before), `parked`, `skipped` (not for this service)"
    " or `dead` (a dead letter)",
    ["service", "result"],
    served=CONSUMERS,
)
BATCH: Final = histogram(
    "huying_batch_records",
    "Facts in a batch",
    ["service"],
    buckets=(1, 3, 10, 30, 100, 300, 1000, 3000),
    served=CONSUMERS,
)
BATCH_SECONDS: Final = histogram(
    "huying_batch_seconds", "Time from reading a batch to its commit", ["service"], served=CONSUMERS
)
RETRIES: Final = counter(
    "huying_delivery_retries_total",
    "Attempts to handle a batch that failed with a temporary fault, such as a database that cannot be reached",
    ["service"],
    served=CONSUMERS,
)
LAG: Final = gauge(
    "huying_reader_lag_records",
    "Facts in the topic after the committed offsets of the service's consumers, in all partitions",
    ["service"],
    served=CONSUMERS,
)
READER_OLDEST: Final = gauge(
    "huying_reader_oldest_seconds",
    "Age of the oldest fact that the service's consumers have not committed, as this process sees it",
    ["service"],
    served=CONSUMERS,
)
HANDLED_AT: Final = gauge(
    "huying_reader_handled_timestamp_seconds",
    "When this process last committed a batch",
    ["service"],
    served=CONSUMERS,
)
SENT: Final = counter(
    "huying_relay_sent_total", "Facts that the broker has acknowledged", ["service", "type"], served=RELAYS
)
BACKLOG: Final = gauge(
    "huying_relay_backlog_seconds",
    "Age of the oldest row of the journal that is not sent to the broker yet",
    ["service", "shard"],
    served=RELAYS,
)
RELAY_RETRIES: Final = counter(
    "huying_relay_retries_total",
    "How often a relay restarted after a fault of the broker or the database",
    ["service"],
    served=RELAYS,
)

TABLES_ASKED_AT: Final = gauge(
    "huying_tables_asked_timestamp_seconds",
    "When the metrics marked `one at a time` were last counted in the service's tables, which is done every 20 s",
    ["service"],
    served=ONE_CONSUMER,
)
UNSENT: Final = gauge(
    "huying_relay_unsent_facts",
    "Rows of the journal that are not sent to the broker yet; at most 10,000 are counted",
    ["service", "shard"],
    served=ONE_CONSUMER,
)
PARKED: Final = gauge(
    "huying_parked_facts",
    "Facts that wait, because an earlier one is missing or this version does not know their type",
    ["service"],
    served=ONE_CONSUMER,
)
PARKED_OLDEST: Final = gauge(
    "huying_parked_oldest_seconds",
    "Time that the oldest parked fact has waited",
    ["service"],
    served=ONE_CONSUMER,
)
DEAD_LETTERS: Final = gauge(
    "huying_dead_letters",
    "Dead letters that were not handled again yet (`huying dead-letters list`)",
    ["service"],
    served=ONE_CONSUMER,
)
DEAD_LETTERS_OLDEST: Final = gauge(
    "huying_dead_letters_oldest_seconds",
    "Age of the oldest of these dead letters",
    ["service"],
    served=ONE_CONSUMER,
)
TIMERS_DUE: Final = gauge(
    "huying_timers_due",
    "Timers that are due and did not run yet; at most 10,000 are counted",
    ["service"],
    served=ONE_CONSUMER,
)
TIMERS_LATE: Final = gauge(
    "huying_timers_late_seconds", "Delay of the earliest of these timers", ["service"], served=ONE_CONSUMER
)
TIMERS: Final = counter(
    "huying_timers_total",
    "Timers that ran, by result: `done`, `later` (postponed) or `failed` (will be tried again)",
    ["service", "kind", "result"],
    served=CONSUMERS,
)

MESSAGES: Final = counter("huying_messages_total", "Messages to people, by result", ["state"], served=CONSUMERS)
MESSAGES_WAITING: Final = gauge(
    "huying_messages_waiting",
    "Messages that are not sent yet, by reason; at most 10,000 are counted for each reason",
    ["why"],
    served=ONE_CONSUMER,
)
MESSAGES_OLDEST: Final = gauge(
    "huying_messages_oldest_seconds",
    "Time that the oldest message that is due has waited, by reason",
    ["why"],
    served=ONE_CONSUMER,
)
MESSAGES_LOST: Final = gauge(
    "huying_messages_not_sent",
    "Messages that an operator must check (`huying notifications list`): `failed`, or `unknown` if they were sent; at"
    " most 10,000 are counted",
    ["state"],
    served=ONE_CONSUMER,
)
GATEWAY: Final = histogram(
    "huying_gateway_seconds",
    "Time that a gateway took for a message, by result",
    ["gateway", "result"],
    served=CONSUMERS,
)
GATEWAY_RESTS: Final = gauge(
    "huying_gateway_rests",
    "1 while no messages are given to a gateway, because it failed",
    ["gateway"],
    served=CONSUMERS,
)


@lru_cache(maxsize=1024)
def requests(service: str, method: str, route: str, status: int) -> Histogram:
    """The histogram of requests with these labels, cached: looking it up takes longer than observing a value."""
    return REQUESTS.labels(service, method, route, str(status))


def count(service: str, results: Mapping[str, int]) -> None:
    """Count what was done with the records of a batch."""
    for result, number in results.items():
        FACTS.labels(service, result).inc(number)
    BATCH.labels(service).observe(sum(results.values()))
    HANDLED_AT.labels(service).set_to_current_time()
