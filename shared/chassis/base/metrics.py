"""The Prometheus metrics of every process; one closed list, which `docs/operating/watching.md` explains.

Labels have one vocabulary: `service` is the name of a service without more, `process` is the name with which
`huying run` starts a process, `shard` is the number of a part of a journal, `route` is a path as it is declared. Names
of consumer groups, addresses and ids are no labels. Log lines use the same words (`shared/chassis/base/logs.py`).
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from prometheus_client import Counter, Gauge, Histogram

PROCESS: Final = Gauge("huying_process_info", "1, with the name of this process", ["process"])
FACTS: Final = Counter("huying_facts_total", "Records read, by what became of them", ["service", "result"])
PARKED: Final = Gauge(
    "huying_parked_facts", "Facts that wait: an earlier one is missing, or this version does not know them", ["service"]
)
RETRIES: Final = Counter("huying_delivery_retries_total", "Batches held back by a passing fault", ["service"])
BATCH: Final = Histogram(
    "huying_batch_records",
    "Records in a delivered batch",
    ["service"],
    buckets=(1, 3, 10, 30, 100, 300, 1000, 3000),
)
LAG: Final = Gauge("huying_reader_lag_records", "Records between what was read and the end", ["service"])
HANDLED_AT: Final = Gauge("huying_reader_handled_timestamp_seconds", "When a batch was last committed", ["service"])
SENT: Final = Counter("huying_relay_sent_total", "Facts acknowledged by the broker", ["service"])
BACKLOG: Final = Gauge(
    "huying_relay_backlog_seconds", "Age of the oldest fact of a shard that is not sent", ["service", "shard"]
)
TIMERS: Final = Counter(
    "huying_timers_total", "Timers that were run, by what became of them", ["service", "kind", "result"]
)
MESSAGES: Final = Counter("huying_messages_total", "Messages, by what became of them", ["state"])
MESSAGES_WAITING: Final = Gauge("huying_messages_waiting", "Messages that are not sent yet, by why", ["why"])
MESSAGES_OLDEST: Final = Gauge("huying_messages_oldest_seconds", "Age of the oldest message that is not sent")
GATEWAY: Final = Histogram(
    "huying_gateway_seconds", "Time that a gateway had a message in hand, by its outcome", ["gateway", "result"]
)
GATEWAY_RESTS: Final = Gauge("huying_gateway_rests", "1 while a gateway is given nothing, for it failed", ["gateway"])
WEBHOOKS: Final = Counter(
    "huying_webhook_deliveries_total", "Requests to endpoints of webhooks, by what became of them", ["result"]
)
WEBHOOKS_WAITING: Final = Gauge("huying_webhook_deliveries_waiting", "Deliveries that enabled webhooks wait for")
WEBHOOKS_OLDEST: Final = Gauge("huying_webhook_oldest_seconds", "Age of the oldest delivery of an enabled webhook")
WEBHOOKS_BY_STATE: Final = Gauge("huying_webhooks", "Webhooks, by how they do", ["state"])
LONG_TEXTS: Final = Counter("huying_long_texts_total", "Requests with long texts, by what masked these", ["result"])
REQUESTS: Final = Histogram(
    "huying_http_request_seconds", "Time to answer, by route", ["service", "method", "route", "status"]
)


@lru_cache(maxsize=1024)
def requests(service: str, method: str, route: str, status: int) -> Histogram:
    """The requests of one kind; looking them up by their labels takes longer than to observe one."""
    return REQUESTS.labels(service, method, route, str(status))


def count(service: str, results: Mapping[str, int]) -> None:
    """Add what became of the records of a batch."""
    for result, number in results.items():
        FACTS.labels(service, result).inc(number)
    BATCH.labels(service).observe(sum(results.values()))
    HANDLED_AT.labels(service).set_to_current_time()
