"""`python -m tests.bench.common_demands FILE`: hot spots found in real messages, in the order of their times.

`hot_spots` says which messages are about the same matter, without any similarity measure. A burst is true when
enough messages about the same matter came before a message within the span. Printed: how many bursts were found, how
many messages later than they became true, how many found hot spots are none by that rule, and a sample of these.
"""

import random
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

from rich.console import Console

from services.routing.hot_spots.domain import Bounds, Detector, HotSpot, Raised
from shared.masking.pieces import worded
from tests.bench.hot_spots import Message, hot_spots, messages

console = Console(width=150, highlight=False)


@dataclass(slots=True)
class Burst:
    """Messages about one matter within the span, and the time when there were enough."""

    messages: set[int]
    at: datetime
    nth: int


def bursts(listed: Sequence[Message], bounds: Bounds) -> list[Burst]:
    """True bursts in order; two that share a message are merged."""
    true_bursts: list[Burst] = []
    for truth in sorted(hot_spots(listed), key=lambda one: (listed[one.asked].at, one.asked)):
        now = listed[truth.asked].at
        since = now - bounds.span
        before = {n for n in truth.same if since <= listed[n].at and (listed[n].at, n) < (now, truth.asked)}
        if len(before) + 1 < bounds.least:
            continue
        group = before | {truth.asked}
        known = next((burst for burst in true_bursts if burst.messages & group), None)
        if known:
            known.messages |= group
        else:
            true_bursts.append(Burst(group, now, truth.asked))
    return true_bursts


def replay(listed: Sequence[Message], bounds: Bounds) -> Iterator[tuple[int, HotSpot, bool]]:
    """The number of each message that creates or joins a hot spot, with the hot spot and whether it is new."""
    detector = Detector(bounds)
    order = sorted(range(len(listed)), key=lambda n: (listed[n].at, n))
    for n in order:
        message = listed[n]
        words = worded(message.title, message.text)
        known = set(detector.hot_spots)
        hot_spot = detector.add(Raised(UUID(int=n), str(n), ("root",), (), message.at, words, words.bigrams))
        if hot_spot:
            yield n, hot_spot, hot_spot.id not in known


def main(file: Path, least: int, days: float, likeness: float) -> None:
    """Print the figures for one choice of bounds."""
    listed = messages(file)
    bounds = Bounds(least, timedelta(days=days), likeness)
    true = bursts(listed, bounds)
    began = time.perf_counter()
    found_spots: dict[UUID, tuple[datetime, HotSpot]] = {}
    for n, hot_spot, is_new in replay(listed, bounds):
        if is_new:
            found_spots[hot_spot.id] = (listed[n].at, hot_spot)
    seconds = time.perf_counter() - began
    of = [{demand.id.int for demand in hot_spot.demands} for _, hot_spot in found_spots.values()]
    whens = [at for at, _ in found_spots.values()]
    delays = []
    missed = []
    for burst in true:
        hits = [at for ids, at in zip(of, whens, strict=True) if 2 * len(ids & burst.messages) >= bounds.least]
        if hits:
            delays.append((min(hits) - burst.at).total_seconds() / 86400)
        else:
            missed.append(burst)
    related = {truth.asked: truth.same | truth.doubtful for truth in hot_spots(listed)}
    false = [hot_spot for _, hot_spot in found_spots.values() if _untrue(hot_spot, related)]
    delays.sort()
    console.print(
        f"least {least}, {days:g} days, likeness {likeness}: {len(true)} true bursts, {len(delays)} found,"
        f" {sum(day <= 0 for day in delays)} not later than they were true,"
        f" median {delays[len(delays) // 2] if delays else 0:+.1f} days, latest {max(delays, default=0):+.1f};"
        f" {len(found_spots)} hot spots told, {len(false)} not known as true;"
        f" {seconds / len(listed) * 1e6:.0f} µs a message"
    )
    for burst in missed[:5]:
        console.print("  missed:", [listed[n].title for n in sorted(burst.messages)][:6])
    for hot_spot in random.Random(7).sample(false, min(8, len(false))):
        console.print("  read:", hot_spot.phrases, [listed[demand.id.int].title for demand in hot_spot.demands][:6])


def _untrue(hot_spot: HotSpot, related: dict[int, frozenset[int]]) -> bool:
    """Whether most pairs are about different matters by the rule."""
    ids = [demand.id.int for demand in hot_spot.demands]
    pairs = [(a, b) for a in ids for b in ids if a < b]
    return 2 * sum(b in related.get(a, ()) for a, b in pairs) < len(pairs)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]), float(sys.argv[4]))
