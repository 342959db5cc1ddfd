"""Runs one measured loop in its own process, on uvloop like the product's processes; prints facts a second."""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from functools import partial

import uvloop

from shared.chassis.base import logs
from shared.chassis.process.run import settle
from tests.bench import bare, ours
from tests.bench.rig import Rig

Loop = Callable[[Rig, int], Awaitable[float]]
LOOPS: dict[str, Loop] = {
    "bare-relay": bare.send,
    "bare-routing": bare.route,
    "bare-projector": bare.project,
    "relay": partial(ours.relay, "intake"),
    "relay-routing": partial(ours.relay, "routing"),
    "routing": partial(ours.reader, "routing"),
    "projector": partial(ours.reader, "reporting"),
    "rebuild": ours.rebuild,
}


async def run(name: str, rig: Rig, count: int) -> float:
    """Measure one loop in a child process."""
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.bench.part", name, rig.dsn, rig.bootstrap, str(count),
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    output, _ = await child.communicate()
    if child.returncode:
        raise RuntimeError(f"{name} ended with {child.returncode}")
    return float(output.split()[-1])


async def _measured(name: str, dsn: str, bootstrap: str, count: str) -> float:
    return await LOOPS[name](Rig(dsn, bootstrap), int(count))


if __name__ == "__main__":
    logs.set_up("bench", "console", "error")
    settle()
    print(uvloop.run(_measured(*sys.argv[1:])))
