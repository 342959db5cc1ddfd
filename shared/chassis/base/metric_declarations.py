"""Declares metrics with their name, meaning, labels and the processes that serve them, and exposes their values."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from prometheus_client import Counter, Histogram, disable_created_metrics, generate_latest
from prometheus_client import Gauge as Gauge

SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


@dataclass(frozen=True, slots=True)
class Served:
    """The processes that serve a metric: those of these kinds (`api`, `consumer`, `relay`, `server`) and services; an
    empty set means all. `one_at_a_time`: only the process of a service that holds the lease."""

    kinds: frozenset[str] = frozenset()
    services: frozenset[str] = frozenset()
    one_at_a_time: bool = False


EVERY: Final = Served()
CONSUMERS: Final = Served(frozenset({"consumer"}))
RELAYS: Final = Served(frozenset({"consumer", "relay"}))
"""Consumers are included because a relay may run in its service's worker."""
ONE_CONSUMER: Final = Served(frozenset({"consumer"}), one_at_a_time=True)
APIS: Final = Served(frozenset({"api"}))


def one_consumer_of(service: str) -> Served:
    """Served by one worker of the service at a time: for gauges of the service's tables."""
    return Served(frozenset({"consumer"}), frozenset({service}), one_at_a_time=True)


@dataclass(frozen=True, slots=True)
class Declared:
    """The declaration of a metric, as the documentation lists it. `kind` is `counter`, `gauge` or `histogram`."""

    name: str
    kind: str
    meaning: str
    labels: tuple[str, ...]
    served: Served

    def exposed(self) -> Iterator[tuple[str, frozenset[str]]]:
        """The names of its time series as Prometheus scrapes them, each with its labels."""
        labels = frozenset(self.labels)
        if self.kind == "histogram":
            yield f"{self.name}_bucket", labels | {"le"}
            yield f"{self.name}_sum", labels
            yield f"{self.name}_count", labels
        else:
            yield self.name, labels


# The `_created` series would double the number of series, and nothing uses them.
disable_created_metrics()  # type: ignore[no-untyped-call]

DECLARED: Final[list[Declared]] = []
"""All metrics of the modules that were imported."""
_BEFORE_SCRAPES: Final[list[Callable[[], None]]] = []


def counter(name: str, meaning: str, labels: Sequence[str] = (), *, served: Served = EVERY) -> Counter:
    """Declare a counter; its name ends in `_total`."""
    DECLARED.append(Declared(name, "counter", meaning, tuple(labels), served))
    return Counter(name, meaning, labels)


def gauge(name: str, meaning: str, labels: Sequence[str] = (), *, served: Served = EVERY) -> Gauge:
    """Declare a gauge."""
    DECLARED.append(Declared(name, "gauge", meaning, tuple(labels), served))
    return Gauge(name, meaning, labels)


def histogram(
    name: str,
    meaning: str,
    labels: Sequence[str] = (),
    *,
    buckets: Sequence[float] = SECONDS,
    served: Served = EVERY,
) -> Histogram:
    """Declare a histogram."""
    DECLARED.append(Declared(name, "histogram", meaning, tuple(labels), served))
    return Histogram(name, meaning, labels, buckets=buckets)


def before_scrapes(measure: Callable[[], None]) -> None:
    """Register a function that sets gauges before each scrape: for values that are cheap to read and change often."""
    _BEFORE_SCRAPES.append(measure)


def exposition() -> bytes:
    """All metrics of this process in Prometheus's text format."""
    for measure in _BEFORE_SCRAPES:
        measure()
    return generate_latest()
