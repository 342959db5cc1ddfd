"""`python -m tests.bench.common_demands FILE`: hot spots found in real messages, replayed in the order of their times.

What is one matter is told by `hot_spots`, which knows nothing of likeness. A burst is true when a message has enough
others about the same matter before it within the span. Printed: how many bursts were found, how many messages later
than they were true, how many hot spots were found that are none by that rule, and a sample of these to read.
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
    """Messages about one matter within the span, and when there were enough of them."""

    messages: set[int]
    at: datetime
    nth: int


def bursts(listed: Sequence[Message], bounds: Bounds) -> list[Burst]:
    """True ones in order; two that share a message are one."""
    found: list[Burst] = []
    for truth in sorted(hot_spots(listed), key=lambda one: (listed[one.asked].at, one.asked)):
        now = listed[truth.asked].at
        since = now - bounds.span
        before = {n for n in truth.same if since <= listed[n].at and (listed[n].at, n) < (now, truth.asked)}
        if len(before) + 1 < bounds.least:
            continue
        group = before | {truth.asked}
        known = next((burst for burst in found if burst.messages & group), None)
        if known:
            known.messages |= group
        else:
            found.append(Burst(group, now, truth.asked))
    return found


def replay(listed: Sequence[Message], bounds: Bounds) -> Iterator[tuple[int, HotSpot, bool]]:
    """The number of each message that makes or joins a hot spot, with the hot spot and whether it is new."""
    detector = Detector(bounds)
    order = sorted(range(len(listed)), key=lambda n: (listed[n].at, n))
    for n in order:
        message = listed[n]
        words = worded(message.title, message.text)
        known = set(detector.hot_spots)
        spot = detector.add(Raised(UUID(int=n), str(n), ("root",), (), message.at, words, words.bigrams))
        if spot:
            yield n, spot, spot.id not in known


def main(file: Path, least: int, days: float, likeness: float) -> None:
    """Print the figures for one choice of bounds."""
    listed = messages(file)
    bounds = Bounds(least, timedelta(days=days), likeness)
    true = bursts(listed, bounds)
    began = time.perf_counter()
    found: dict[UUID, tuple[datetime, HotSpot]] = {}
    for n, spot, is_new in replay(listed, bounds):
        if is_new:
            found[spot.id] = (listed[n].at, spot)
    seconds = time.perf_counter() - began
    of = [{demand.id.int for demand in spot.demands} for _, spot in found.values()]
    whens = [at for at, _ in found.values()]
    late = []
    missed = []
    for burst in true:
        hits = [at for ids, at in zip(of, whens, strict=True) if 2 * len(ids & burst.messages) >= bounds.least]
        if hits:
            late.append((min(hits) - burst.at).total_seconds() / 86400)
        else:
            missed.append(burst)
    beside = {truth.asked: truth.same | truth.doubtful for truth in hot_spots(listed)}
    false = [spot for _, spot in found.values() if _untrue(spot, beside)]
    late.sort()
    console.print(
        f"least {least}, {days:g} days, likeness {likeness}: {len(true)} true bursts, {len(late)} found,"
        f" {sum(day <= 0 for day in late)} not later than they were true,"
        f" median {late[len(late) // 2] if late else 0:+.1f} days, latest {max(late, default=0):+.1f};"
        f" {len(found)} hot spots told, {len(false)} not known as true; {seconds / len(listed) * 1e6:.0f} µs a message"
    )
    for burst in missed[:5]:
        console.print("  missed:", [listed[n].title for n in sorted(burst.messages)][:6])
    for spot in random.Random(7).sample(false, min(8, len(false))):
        console.print("  read:", spot.phrases, [listed[demand.id.int].title for demand in spot.demands][:6])


def _untrue(spot: HotSpot, beside: dict[int, frozenset[int]]) -> bool:
    """Whether most pairs are not about the same matter by the rule."""
    ids = [demand.id.int for demand in spot.demands]
    pairs = [(a, b) for a in ids for b in ids if a < b]
    return 2 * sum(b in beside.get(a, ()) for a, b in pairs) < len(pairs)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]), float(sys.argv[4]))
