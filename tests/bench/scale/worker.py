"""A process of the product, measured by its metrics and its processor time."""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, NamedTuple

import httpx
from prometheus_client.parser import text_string_to_metric_families

from deploy.local.ports import free_port
from deploy.local.process import ManagedProcess, Program
from tests.bench.alone import of_processor
from tests.bench.rig import Rig
from tests.eventually import eventually
from tests.keys import KEYS

HUYING: Final = (sys.executable, "-m", "deploy.cli.main", "run")
NOBODY: Final = "http://127.0.0.1:9"
"""An unreachable address, since feedback's requests are not measured."""


class Consumer(NamedTuple):
    """A consumer of the product: its service, its process and the name of its group."""

    service: str
    process: str
    group: str


CONSUMERS: Final = {
    "routing": Consumer("routing", "routing-worker", "routing-worker"),
    "feedback": Consumer("feedback", "feedback-worker", "feedback-worker"),
    "reporting": Consumer("reporting", "reporting-projector", "reporting-reader"),
    "intake": Consumer("intake", "intake-worker", "intake-reader"),
}


class Reading(NamedTuple):
    """The counts of a worker so far: handled facts, dropped repetitions, transactions, and processor seconds."""

    facts: int = 0
    dropped: int = 0
    transactions: int = 0
    cpu: float = 0.0

    def since(self, before: "Reading") -> "Reading":
        """The difference to an earlier reading."""
        return Reading(
            self.facts - before.facts,
            self.dropped - before.dropped,
            self.transactions - before.transactions,
            self.cpu - before.cpu,
        )


@dataclass(slots=True)
class Worker:
    """One running process."""

    process: ManagedProcess
    port: int

    async def read(self) -> Reading:
        """Its present metrics; zeros while it starts."""
        cpu = of_processor(self.process.pid)
        try:
            async with httpx.AsyncClient(timeout=30) as client:
                text = (await client.get(f"http://127.0.0.1:{self.port}/metrics")).text
        except httpx.HTTPError:
            return Reading(cpu=cpu)
        facts, dropped, transactions = 0.0, 0.0, 0.0
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                if sample.name == "huying_facts_total":
                    facts += sample.value
                    dropped += sample.value if sample.labels["result"] == "dropped" else 0
                elif sample.name == "huying_batch_records_count":
                    transactions += sample.value
        return Reading(int(facts), int(dropped), int(transactions), cpu)

    async def answers(self) -> None:
        """Wait until its health port responds; fails with its log if it ended."""

        async def asked() -> bool:
            if not self.process.alive:
                raise RuntimeError(self.process.last_lines(20))
            return (await self.read()).cpu > 0 and await _is_up(self.port)

        await eventually(asked, bool, within=120)

    async def stop(self) -> None:
        """Stop it like an orchestrator: SIGTERM, and wait."""
        await self.process.stop()

    async def kill(self) -> None:
        """Kill it with SIGKILL, as when a machine fails."""
        if self.process.alive and self.process.process:
            self.process.process.kill()
            await self.process.wait()


async def _is_up(port: int) -> bool:
    try:
        async with httpx.AsyncClient(timeout=30) as client:
            return (await client.get(f"http://127.0.0.1:{port}/metrics")).is_success
    except httpx.HTTPError:
        return False


class Crew:
    """Starts workers, each with a log of its own; all of them end with the measurement."""

    def __init__(self, folder: Path, cell: Rig, environment: dict[str, str]) -> None:
        self.workers: list[Worker] = []
        self._folder, self._cell, self._environment = folder, cell, environment

    async def start(self, process: str, **more: str) -> Worker:
        """Start another worker and wait until it responds."""
        worker = await self.begin(process, **more)
        await worker.answers()
        return worker

    async def begin(self, process: str, **more: str) -> Worker:
        """Start another worker without waiting."""
        port = free_port()
        environment = {
            "DATABASE_URL": self._cell.dsn,
            "KAFKA_BOOTSTRAP_SERVERS": self._cell.bootstrap,
            "HUYING_HEALTH_PORT": str(port),
            "HUYING_LOG_LEVEL": "warning",
            "HUYING_PUBLIC_URL": NOBODY,
            "HUYING_INTAKE_URL": NOBODY,
            "HUYING_RELAY_INSIDE": "false",
            **{f"HUYING_{name.upper()}": value for name, value in KEYS.items()},
            **self._environment,
            **more,
        }
        log = self._folder / f"{process}-{len(self.workers)}.log"
        worker = Worker(ManagedProcess(Program(process, (*HUYING, process), environment), log), port)
        self.workers.append(worker)
        await worker.process.start()
        return worker

    async def read(self) -> list[Reading]:
        """The readings of running workers."""
        return [await worker.read() for worker in self.workers if worker.process.alive]


@asynccontextmanager
async def crew(cell: Rig, environment: dict[str, str] | None = None) -> AsyncIterator[Crew]:
    """Workers on these servers."""
    with TemporaryDirectory(prefix="huying-bench") as folder:
        built = Crew(Path(folder), cell, environment or {})
        try:
            yield built
        finally:
            for worker in built.workers:
                await worker.kill()
