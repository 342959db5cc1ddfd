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
    "By how much later than asked the event loop came back, looked at each second; above 0.1 s something blocks it",
    buckets=(0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0),
)
POOL_CONNECTIONS: Final = gauge(
    "huying_pool_connections", "Connections to PostgreSQL that are open", ["service", "pool", "state"]
)
POOL_LIMIT: Final = gauge("huying_pool_limit", "Connections that may be open at a time", ["service", "pool"])
POOL_WAITING: Final = gauge(
    "huying_pool_waiting", "Tasks that wait since all connections are busy", ["service", "pool"]
)
REQUESTS: Final = histogram(
    "huying_http_request_seconds", "Time to answer a request", ["service", "method", "route", "status"]
)
LONG_TEXTS: Final = counter(
    "huying_long_texts_total",
    "Requests with more than 300 characters of text, by where these were masked: in a process apart (`process`), or on"
    " the event loop since that process did not answer (`loop`)",
    ["result"],
    served=APIS,
)

FACTS: Final = counter(
    "huying_facts_total",
    "Facts that were read, by what became of them: `applied`, `dropped` (known already), `parked`, `skipped` (of no"
    " interest) or `dead` (a dead letter)",
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
    "huying_batch_seconds", "Time from the reading of a batch to its commit", ["service"], served=CONSUMERS
)
RETRIES: Final = counter(
    "huying_delivery_retries_total",
    "Tries of a batch that a passing fault has held back, such as a database that is away",
    ["service"],
    served=CONSUMERS,
)
LAG: Final = gauge(
    "huying_reader_lag_records",
    "Facts between what the readers of the service have committed and the end of the topic; of all partitions",
    ["service"],
    served=CONSUMERS,
)
READER_OLDEST: Final = gauge(
    "huying_reader_oldest_seconds",
    "For how long the oldest fact has waited that the readers of the service have not committed, seen by this process",
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
    "Age of the oldest row of the journal that was not sent to the broker",
    ["service", "shard"],
    served=RELAYS,
)
RELAY_RETRIES: Final = counter(
    "huying_relay_retries_total",
    "How often a relay began again after a fault of the broker or the database",
    ["service"],
    served=RELAYS,
)

TABLES_ASKED_AT: Final = gauge(
    "huying_tables_asked_timestamp_seconds",
    "When what one process at a time counts was last counted in the tables of the service; it is tried every 20 s",
    ["service"],
    served=ONE_CONSUMER,
)
UNSENT: Final = gauge(
    "huying_relay_unsent_facts",
    "Rows of the journal that were not sent to the broker; 10,000 or more are told as 10,000",
    ["service", "shard"],
    served=ONE_CONSUMER,
)
PARKED: Final = gauge(
    "huying_parked_facts",
    "Facts that wait, since an earlier one is missing or this version does not know them",
    ["service"],
    served=ONE_CONSUMER,
)
PARKED_OLDEST: Final = gauge(
    "huying_parked_oldest_seconds",
    "For how long the oldest parked fact has waited",
    ["service"],
    served=ONE_CONSUMER,
)
DEAD_LETTERS: Final = gauge(
    "huying_dead_letters",
    "Dead letters that nobody has brought back (`huying dead-letters list`)",
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
    "Timers whose moment has come and that were not run; 10,000 or more are told as 10,000",
    ["service"],
    served=ONE_CONSUMER,
)
TIMERS_LATE: Final = gauge(
    "huying_timers_late_seconds", "By how much the first of these timers is late", ["service"], served=ONE_CONSUMER
)
TIMERS: Final = counter(
    "huying_timers_total",
    "Timers that were run, by what became of them: `done`, `later` (moved) or `failed` (tried again later)",
    ["service", "kind", "result"],
    served=CONSUMERS,
)

MESSAGES: Final = counter(
    "huying_messages_total", "Messages to people, by what became of them", ["state"], served=CONSUMERS
)
MESSAGES_WAITING: Final = gauge(
    "huying_messages_waiting",
    "Messages that are not sent yet, by why; of each reason 10,000 at most",
    ["why"],
    served=ONE_CONSUMER,
)
MESSAGES_OLDEST: Final = gauge(
    "huying_messages_oldest_seconds",
    "For how long the oldest message has waited whose time has come, by why it waits",
    ["why"],
    served=ONE_CONSUMER,
)
MESSAGES_LOST: Final = gauge(
    "huying_messages_not_sent",
    "Messages that somebody must look at (`huying notifications list`): `failed`, or of `unknown` outcome; 10,000 or"
    " more are told as 10,000",
    ["state"],
    served=ONE_CONSUMER,
)
GATEWAY: Final = histogram(
    "huying_gateway_seconds",
    "Time that a gateway had a message in hand, by its answer",
    ["gateway", "result"],
    served=CONSUMERS,
)
GATEWAY_RESTS: Final = gauge(
    "huying_gateway_rests", "1 while a gateway is given nothing, since it failed", ["gateway"], served=CONSUMERS
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
