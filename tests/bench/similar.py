"""`python -m tests.bench.similar FILE`: precision and recall of similar demands on real hot spots.

Every message of FILE becomes an open demand of one division in a real PostgreSQL. Then similar demands are requested
for each message of a hot spot (see `hot_spots`), like `POST /v1/demands/similar`; the message itself is left out.
"""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import asyncpg
from rich.console import Console
from rich.table import Table

from services.intake.similar import queries
from services.intake.similar.rarity import Rarity
from services.intake.similar.scoring import THRESHOLD, Candidate, NewDemand, ranked
from shared.chassis.database.pool import Pool, open_pool
from shared.chassis.database.write_batch import WriteBatch
from shared.masking.pieces import worded, wording
from tests.bench.alone import postgres
from tests.bench.hot_spots import Message, Truth, hot_spots, messages

PLACE = "440605126222"
OPENING = 100
OPEN = '{"status": "submitted"}'
Answer = list[tuple[float, int]]
Method = Callable[[Message], Awaitable[Answer]]
console = Console(width=110, highlight=False)


@dataclass(frozen=True, slots=True)
class Judged:
    """The results for one message, best first: score, and whether it is about the same matter."""

    answers: Sequence[tuple[float, bool]]
    same: int


async def main(file: Path) -> None:
    """Print two tables: at the first k results, and at each threshold."""
    listed = messages(file)
    truths = list(hot_spots(listed))
    pairs = sum(len(truth.same) for truth in truths) // 2
    console.print(f"{len(listed):,} messages; {len(truths)} belong to hot spots and make {pairs:,} true pairs")
    async with postgres() as dsn, await open_pool(dsn, "intake", size=1) as pool:
        rarity = await fill(dsn, pool, listed)
        methods: dict[str, Method] = {
            "ours": lambda message: ours(pool, rarity, message),
            "ours, with the opening of every text": lambda message: whole(listed, rarity, message),
            "pg_trgm, titles": lambda message: trigrams(pool, message),
            "exactly the same title": lambda message: same_title(listed, message),
        }
        judged = {name: [await judge(listed, truth, ask) for truth in truths] for name, ask in methods.items()}
        shown = await shown_elsewhere(listed, {truth.asked for truth in truths}, methods["ours"])
    console.print(at_k(judged))
    console.print(at_threshold(judged["ours"], f"ours; the default threshold is {THRESHOLD}"))
    console.print(at_threshold(judged["pg_trgm, titles"], "pg_trgm"))
    console.print(f"of the messages of no hot spot, {shown:.1%} are shown something at {THRESHOLD}")


async def fill(dsn: str, pool: Pool, listed: Sequence[Message]) -> Rarity:
    """Insert every message as an open demand with its number as id."""
    async with pool.acquire() as db:
        writes, due = WriteBatch(), [candidate(n, message) for n, message in enumerate(listed)]
        writes.add("INSERT INTO demand SELECT unnest($1::uuid[]), 1, $2::jsonb", [c.id for c in due], OPEN)
        queries.note(writes, due)
        await writes.write(db)
        await queries.index(db, len(due))
        await db.execute("ANALYZE likeness")
        await db.execute("CREATE TABLE titles AS SELECT * FROM unnest($1::int[], $2::text[]) AS t (n, title)",
                         list(range(len(listed))), [message.title for message in listed])  # fmt: skip
        rarity = await queries.rarity(db)
    owner = await asyncpg.connect(dsn)
    await owner.execute("CREATE EXTENSION pg_trgm SCHEMA intake")
    assert await owner.fetchval("SELECT intake.show_trgm('路面破损积水') <> '{}'")
    await owner.close()
    return rarity


def candidate(n: int, message: Message) -> Candidate:
    """The message as it would be stored."""
    return Candidate(UUID(int=n), sorted(worded(message.title, message.text).bigrams), (PLACE,), None, message.at)


async def ours(pool: Pool, rarity: Rarity, message: Message) -> Answer:
    """The product's results, with any score."""
    query = NewDemand(worded(message.title, message.text), (PLACE,), None, message.at)
    async with pool.acquire() as db:
        candidates = await queries.candidates(db, rarity.search(query.wording), PLACE, PLACE)
    return [(match.score, match.candidate.id.int) for match in ranked(query, candidates, rarity, 0.02, 500)]


async def whole(listed: Sequence[Message], rarity: Rarity, message: Message) -> Answer:
    """The same score over titles and openings, compared with every message."""
    if not _WHOLE:
        _WHOLE.extend(
            Candidate(UUID(int=n), sorted(wording(f"{m.title}\n{m.text[:OPENING]}").bigrams), (PLACE,), None, m.at)
            for n, m in enumerate(listed)
        )
    query = NewDemand(wording(f"{message.title}\n{message.text[:OPENING]}"), (PLACE,), None, message.at)
    return [(match.score, match.candidate.id.int) for match in ranked(query, _WHOLE, rarity, 0.02, 500)]


_WHOLE: list[Candidate] = []


async def trigrams(pool: Pool, message: Message) -> Answer:
    """PostgreSQL's own extension, compared with every title."""
    async with pool.acquire() as db:
        rows = await db.fetch("SELECT n, similarity(title, $1) AS score FROM titles ORDER BY score DESC LIMIT 200",
                              message.title)  # fmt: skip
    return [(row["score"], row["n"]) for row in rows if row["score"] > 0]


async def same_title(listed: Sequence[Message], message: Message) -> Answer:
    """The results of a simple system."""
    return [(1.0, n) for n, other in enumerate(listed) if other.title == message.title]


async def judge(listed: Sequence[Message], truth: Truth, ask: Method) -> Judged:
    """The message itself and doubtful ones are left out."""
    scores = await ask(listed[truth.asked])
    results = [(score, n in truth.same) for score, n in scores if n != truth.asked and n not in truth.doubtful]
    return Judged(results, len(truth.same))


async def shown_elsewhere(listed: Sequence[Message], hot: set[int], ask: Method) -> float:
    """The share of other messages (every fifth) with any shown result."""
    others = [n for n in range(len(listed)) if n not in hot][::5]
    answers = [await ask(listed[n]) for n in others]
    shown = [
        any(score >= THRESHOLD and m != n for score, m in results) for n, results in zip(others, answers, strict=True)
    ]
    return sum(shown) / len(shown)


def at_k(judged: dict[str, list[Judged]]) -> Table:
    """Recall counts at most k true results."""
    table = Table("", "precision@1", "precision@3", "recall@5", "recall@20", title="the first k answers, no threshold")
    for name, judgements in judged.items():
        cells = [sum(right(j, k) / k for j in judgements) / len(judgements) for k in (1, 3)]
        cells += [sum(right(j, k) / min(k, j.same) for j in judgements) / len(judgements) for k in (5, 20)]
        table.add_row(name, *(f"{cell:.3f}" for cell in cells))
    return table


def right(judged: Judged, k: int) -> int:
    """The number of true results among the first k."""
    return sum(same for _, same in judged.answers[:k])


def at_threshold(judgements: list[Judged], title: str) -> Table:
    """Over all pairs: the results at a threshold, and the share of true ones."""
    table = Table("threshold", "precision", "recall", "F1", "questions with an answer", title=title)
    for threshold in (0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.5, 0.6):
        table.add_row(f"{threshold:.2f}", *_figures(judgements, threshold))
    return table


def _figures(judgements: list[Judged], threshold: float) -> Iterator[str]:
    answers_shown = [[same for score, same in judged.answers if score >= threshold] for judged in judgements]
    true, shown, all_true = (
        sum(map(sum, answers_shown)),
        sum(map(len, answers_shown)),
        sum(judged.same for judged in judgements),
    )
    precision, recall = true / max(shown, 1), true / all_true
    yield from (f"{precision:.3f}", f"{recall:.3f}", f"{2 * precision * recall / max(precision + recall, 1e-9):.3f}")
    yield f"{sum(map(bool, answers_shown)) / len(judgements):.2f}"


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
