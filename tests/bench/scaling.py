"""`python -m tests.bench.scaling`: processor time for a fact with one, two and three routing workers that share
partitions.

On two cores more workers are not faster; the question is the cost of sharing.
"""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Final

import uvloop

from shared.chassis.base import logs
from shared.chassis.process.run import settle
from tests.bench import part
from tests.bench.ours import listening
from tests.bench.rig import Rig, count_of, rig, tell_submissions

COUNT: Final = 20_000
JOINED: Final = 8.0
"""Seconds until every worker has its partitions, so that no fact comes earlier."""


async def measure(most: int = 3) -> list[float]:
    """Microseconds of CPU a fact, for one worker, two, and so on."""
    async with rig() as servers:
        return [await _with(servers, workers, (workers - 1) * COUNT) for workers in range(1, most + 1)]


async def _with(servers: Rig, workers: int, before: int) -> float:
    async with AsyncExitStack() as stack:
        running = [await stack.enter_async_context(_worker(servers)) for _ in range(workers)]
        await asyncio.sleep(JOINED)
        await tell_submissions(servers.dsn, COUNT, before)
        await part.run("relay", servers, COUNT)
        while await count_of(servers.dsn, "SELECT count(*) FROM routing.journal") < before + COUNT:
            await asyncio.sleep(0.2)
        spent = [await _spent(one) for one in running]
    if not all(handled for handled, _ in spent) or sum(handled for handled, _ in spent) != COUNT:
        raise RuntimeError(f"each has its share, and handles each of {COUNT} facts once: {spent}")
    return sum(seconds for _, seconds in spent) / COUNT * 1e6


@asynccontextmanager
async def _worker(servers: Rig) -> AsyncIterator[asyncio.subprocess.Process]:
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.bench.scaling", servers.dsn, servers.bootstrap, stdout=asyncio.subprocess.PIPE
    )
    try:
        yield child
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()


async def _spent(worker: asyncio.subprocess.Process) -> tuple[int, float]:
    worker.terminate()
    printed, _ = await worker.communicate()
    handled, seconds = printed.split()[-2:]
    return int(handled), float(seconds)


async def _work(servers: Rig) -> tuple[int, float]:
    """Route until SIGTERM; prints the number of handled facts, and processor seconds from the first to the last."""
    asked = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, asked.set)
    async with listening("routing", servers, "scaling-routing") as timed:
        await asked.wait()
        return timed.seen, timed.cpu


async def main() -> None:
    """Print the figures."""
    single, *others = await measure()
    print(f"1 worker: {single:.0f} us of CPU a fact")
    for workers, cost in enumerate(others, 2):
        print(f"{workers} workers: {cost:.0f} us, {cost / single:.2f} of one (aim 1.1)")


if __name__ == "__main__":
    logs.set_up("bench", "console", "error")
    if sys.argv[1:]:
        settle()
        print(*uvloop.run(_work(Rig(*sys.argv[1:]))))
    else:
        asyncio.run(main())
