"""How a metric is declared: its name, what it says in plain words, its labels, and which processes serve it."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from prometheus_client import Counter, Histogram, disable_created_metrics, generate_latest
from prometheus_client import Gauge as Gauge

SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


@dataclass(frozen=True, slots=True)
class Served:
    """Which processes serve a metric: those of these kinds (`api`, `consumer`, `relay`, `server`) of these services;
    none named: of all. `one_at_a_time`: only the one that has the lease, of those of a service."""

    kinds: frozenset[str] = frozenset()
    services: frozenset[str] = frozenset()
    one_at_a_time: bool = False


EVERY: Final = Served()
CONSUMERS: Final = Served(frozenset({"consumer"}))
RELAYS: Final = Served(frozenset({"consumer", "relay"}))
"""A relay runs inside its service's consumer, or apart."""
ONE_CONSUMER: Final = Served(frozenset({"consumer"}), one_at_a_time=True)
APIS: Final = Served(frozenset({"api"}))


def one_consumer_of(service: str) -> Served:
    """What is counted in tables of a service is counted by one of its consumers at a time."""
    return Served(frozenset({"consumer"}), frozenset({service}), one_at_a_time=True)


@dataclass(frozen=True, slots=True)
class Declared:
    """A metric as the documents list it. `kind` is `counter`, `gauge` or `histogram`."""

    name: str
    kind: str
    meaning: str
    labels: tuple[str, ...]
    served: Served

    def exposed(self) -> Iterator[tuple[str, frozenset[str]]]:
        """The names of its series as they are scraped, each with its labels."""
        labels = frozenset(self.labels)
        if self.kind == "histogram":
            yield f"{self.name}_bucket", labels | {"le"}
            yield f"{self.name}_sum", labels
            yield f"{self.name}_count", labels
        else:
            yield self.name, labels


# When a series began is of no use here, and would be a second series beside each counter.
disable_created_metrics()  # type: ignore[no-untyped-call]

DECLARED: Final[list[Declared]] = []
"""Every metric of the modules that were imported."""
_BEFORE_SCRAPES: Final[list[Callable[[], None]]] = []


def counter(name: str, meaning: str, labels: Sequence[str] = (), *, served: Served = EVERY) -> Counter:
    """What only grows; its name ends in `_total`."""
    DECLARED.append(Declared(name, "counter", meaning, tuple(labels), served))
    return Counter(name, meaning, labels)


def gauge(name: str, meaning: str, labels: Sequence[str] = (), *, served: Served = EVERY) -> Gauge:
    """What goes up and down."""
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
    """How often something was how large."""
    DECLARED.append(Declared(name, "histogram", meaning, tuple(labels), served))
    return Histogram(name, meaning, labels, buckets=buckets)


def before_scrapes(measure: Callable[[], None]) -> None:
    """Call this before metrics are read: for what costs nothing to look up and changes all the time."""
    _BEFORE_SCRAPES.append(measure)


def exposition() -> bytes:
    """All metrics of this process, as Prometheus reads them."""
    for measure in _BEFORE_SCRAPES:
        measure()
    return generate_latest()
