"""Tables with the figures of `make bench-scale`."""

from collections.abc import Sequence
from statistics import median

from rich.table import Table

from tests.bench.scale.changing import Changed
from tests.bench.scale.draining import Drained
from tests.bench.scale.relaying import Relayed, Taken

_TITLES = {
    "joined": "workers that share the partitions, facts as fast as relays send",
    "apart": "as many workers that share nothing but the machine",
    "waiting": "workers that are started because of facts that wait (us: with their start)",
}


def drained(name: str, part: str, measurements: Sequence[Drained]) -> Table:
    """What a fact costs, by the number of workers; of several rounds the median, each beside one of its round."""
    table = Table(
        "workers", "facts", "s", "facts/s", "us a fact", "beside one", "PostgreSQL us", "records at once",
        "facts of one, least / most", title=f"{name}: {_TITLES[part]}",
    )  # fmt: skip
    alone = [measurement.cpu for measurement in measurements if measurement.workers == 1]
    for workers in sorted({measurement.workers for measurement in measurements}):
        rounds = [measurement for measurement in measurements if measurement.workers == workers]
        ratios = [measurement.cpu / base for measurement, base in zip(rounds, alone, strict=False)]
        table.add_row(
            str(workers),
            f"{sum(rounds[0].facts):,}",
            f"{median(measurement.seconds for measurement in rounds):.1f}",
            f"{median(sum(measurement.facts) / measurement.seconds for measurement in rounds):,.0f}",
            f"{median(measurement.cpu for measurement in rounds):.0f}",
            f"{median(ratios):.2f}" if ratios else "",
            f"{median(measurement.postgres for measurement in rounds):.0f}",
            f"{median(measurement.batch for measurement in rounds):.0f}",
            _share(rounds),
        )
    return table


def changes(name: str, rate: int, changed: Changed) -> Table:
    """Pauses of partitions while workers are started and stopped."""
    title = f"{name}: workers that come and go, {rate:,} facts/s, two at first"
    table = Table("change", "longest pause of one partition, s", "of all, s", title=title)
    for pause in changed.pauses:
        table.add_row(pause.change, f"{pause.one:.1f}", f"{pause.every:.1f}")
    table.caption = (
        f"{changed.recorded:,} facts recorded, {changed.handled:,} handled, {changed.twice} of them twice;"
        f" {changed.again:,} read again and dropped"
    )
    return table


def relays(facts: int, measurements: Sequence[Relayed], taken: Taken) -> Table:
    """A journal in parts."""
    table = Table("parts", "processes", "parts of each", "facts/s", "us a fact", title=f"relay: {facts:,} facts")
    for measurement in measurements:
        table.add_row(
            str(measurement.shards),
            str(measurement.processes),
            measurement.leases,
            f"{measurement.rate:,.0f}",
            f"{measurement.cpu:.0f}",
        )
    table.caption = f"another process sends {taken.killed:.1f} s after SIGKILL, {taken.stopped:.1f} s after SIGTERM"
    return table


def _share(rounds: Sequence[Drained]) -> str:
    shares = [min(one.facts) / max(1, *one.facts) for one in rounds]
    worst = rounds[shares.index(min(shares))]
    return f"{min(worst.facts):,} / {max(worst.facts):,}"
