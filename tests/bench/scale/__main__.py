"""`make bench-scale`: one, two, four workers of each consumer on Apache Kafka, and the effect of starting and stopping
them.

`ARGS="--consumers routing --workers 1 2 --facts 20000 --parts joined"` measures a part, in minutes. Each figure is
written down as soon as it is known (`--kept`), and is not measured again by the next run with the same file.
"""

import argparse
import asyncio
import platform
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from os import cpu_count
from pathlib import Path
from typing import Final

from rich.console import Console

from shared.chassis.base import logs
from tests.bench.scale import tables
from tests.bench.scale.changing import COUNTED, Changed, changing
from tests.bench.scale.draining import Drained, apart, joined, waiting
from tests.bench.scale.ground import Ground, ground
from tests.bench.scale.kept import Kept
from tests.bench.scale.relaying import Relayed, Taken, relaying, taken_over
from tests.bench.scale.worker import CONSUMERS, Consumer

Measure = Callable[[Ground, Consumer, int], Awaitable[Drained]]
PARTS: Final = ("joined", "apart", "waiting", "changes", "relay")
WAYS: Final = ((1, 1), (2, 1), (4, 1), (2, 2), (4, 2))
"""Shards and processes to send a journal."""
console: Final = Console(width=120, highlight=False)


def arguments() -> argparse.Namespace:
    """The command line arguments."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.scale", description=__doc__)
    parser.add_argument("--consumers", nargs="+", choices=[*CONSUMERS], default=[*CONSUMERS])
    parser.add_argument("--workers", nargs="+", type=int, default=[1, 2, 4], help="how many of each (1 2 4)")
    parser.add_argument("--facts", type=int, default=100_000, help="that wait (100,000)")
    parser.add_argument("--rate", type=int, default=1000, help="facts a second while workers come and go (1,000)")
    parser.add_argument("--rounds", type=int, default=1, help="how often the joined workers are measured (1)")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=[*PARTS])
    parser.add_argument("--kept", type=Path, default=Path("build/bench-scale.json"), help="figures of runs before")
    return parser.parse_args()


async def main(namespace: argparse.Namespace) -> None:
    """Measure everything that was requested, and print each figure as soon as it is known."""
    console.print(f"Python {platform.python_version()}, {cpu_count()} cores, {namespace.facts:,} facts")
    kept = Kept(namespace.kept, lambda name: console.print(f"[dim]measuring: {name}"))
    # Routing reads submissions; the others also read routed demands.
    for routed, chosen in ((False, ["routing"]), (True, [name for name in CONSUMERS if name != "routing"])):
        consumers = [name for name in namespace.consumers if name in chosen]
        if consumers:
            async with ground() as prepared:
                await prepared.prepare(namespace.facts // (2 if routed else 1), routed=routed)
                await _drain(prepared, consumers, namespace, kept)
    if {"changes", "relay"} & set(namespace.parts):
        async with ground() as prepared:
            await _change(prepared, namespace, kept)


async def _drain(prepared: Ground, consumers: Sequence[str], namespace: argparse.Namespace, kept: Kept) -> None:
    """Each round measures all numbers of workers, so that other load affects them alike."""
    measures: dict[str, Measure] = {"joined": joined, "apart": apart, "waiting": waiting}
    for name in consumers:
        results: dict[str, list[Drained]] = {part: [] for part in measures if part in namespace.parts}
        for turn in range(namespace.rounds):
            for workers in namespace.workers:
                for part, figures in results.items():
                    key = [part, name, workers, namespace.facts, turn]
                    measure = partial(measures[part], prepared, CONSUMERS[name], workers)
                    figures.append(await kept.of(Drained, key, measure))
        for part, figures in results.items():
            console.print(tables.drained(name, part, figures))


async def _change(prepared: Ground, namespace: argparse.Namespace, kept: Kept) -> None:
    if "changes" in namespace.parts:
        for name in [name for name in namespace.consumers if name in COUNTED]:
            changes = await kept.of(
                Changed, ["changes", name, namespace.rate], partial(changing, prepared, CONSUMERS[name], namespace.rate)
            )
            console.print(tables.changes(name, namespace.rate, changes))
    if "relay" in namespace.parts:
        await prepared.prepare(namespace.facts, routed=False)
        sent = [
            await kept.of(
                Relayed, ["relay", shards, processes, namespace.facts], partial(relaying, prepared, shards, processes)
            )
            for shards, processes in WAYS
        ]
        taken = await kept.of(Taken, ["taken", namespace.facts], partial(taken_over, prepared))
        console.print(tables.relays(namespace.facts, sent, taken))


if __name__ == "__main__":
    logs.set_up("bench", "console", "error")
    asyncio.run(main(arguments()))
