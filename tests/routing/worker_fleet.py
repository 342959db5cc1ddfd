"""Worker processes of routing that share the partitions of a broker, and what a test does to them."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

from aiokafka.errors import KafkaError

from deploy.local.process import ManagedProcess, Program
from shared.chassis.database.lease import TERM
from shared.chassis.database.pool import Pool
from shared.chassis.kafka.client import Kafka
from shared.chassis.kafka.cluster import asking
from tests.eventually import eventually
from tests.keys import KEYS

ROOT: Final = Path(__file__).parents[2]
GROUP: Final = "routing-worker"
RELAY: Final = "relay-0"
PATIENCE: Final = 120.0


@dataclass
class WorkerFleet:
    """Workers by their instance names, such as `0`; all of them see the moment that `clock_shows`."""

    pool: Pool
    database: str
    kafka: str
    folder: Path
    _workers: dict[str, ManagedProcess] = field(default_factory=dict)
    _stopped: set[str] = field(default_factory=set)
    _died_at: datetime | None = None
    """When the last one was killed, by the database's clock."""

    def clock_shows(self, at: datetime) -> None:
        """From now on, for every worker."""
        fresh = self._moment.with_suffix(".new")
        fresh.write_text(at.isoformat(), "utf-8")
        fresh.replace(self._moment)

    @property
    def _moment(self) -> Path:
        return self.folder / "moment"

    async def start(self, *instances: str) -> None:
        """Start these, again too."""
        for instance in instances:
            command = (sys.executable, "-m", "tests.routing.clocked_worker", str(self._moment))
            program = Program(f"worker-{instance}", command, env=self._environment(instance))
            self._workers[instance] = ManagedProcess(program, self._log(instance))
            await self._workers[instance].start()

    def _environment(self, instance: str) -> Mapping[str, str]:
        return {
            "DATABASE_URL": self.database,
            "KAFKA_BOOTSTRAP_SERVERS": self.kafka,
            "HUYING_INSTANCE": instance,
            "HUYING_SECRET": KEYS["secret"],
            "HUYING_LOG_FORMAT": "json",
            "PYTHONPATH": str(ROOT),
        }

    def _log(self, instance: str) -> Path:
        return self.folder / f"worker-{instance}.log"

    async def kill(self, instance: str) -> None:
        """End it as the kernel does, in the middle of whatever it does."""
        self._signal(instance, signal.SIGKILL)
        await self._workers.pop(instance).wait()
        self._died_at = await self.pool.fetchval("SELECT clock_timestamp()")

    def stop(self, instance: str) -> None:
        """Let it stand still, as a host does that is frozen."""
        self._signal(instance, signal.SIGSTOP)
        self._stopped.add(instance)

    def go_on(self) -> None:
        """Let those that were stopped go on."""
        while self._stopped:
            self._signal(self._stopped.pop(), signal.SIGCONT)

    def _signal(self, instance: str, sign: signal.Signals) -> None:
        os.kill(self._workers[instance].pid, sign)

    @property
    def instances(self) -> Sequence[str]:
        """Those that run."""
        return [instance for instance in self._workers if instance not in self._stopped]

    async def end_in_order(self) -> None:
        """Ask all to end, and wait until they have."""
        assert all(await asyncio.gather(*(worker.stop() for worker in self._workers.values()))), "one had to be killed"
        self._workers.clear()

    async def end(self) -> None:
        """Nobody is left."""
        for instance in tuple(self._workers):
            with suppress(ProcessLookupError):
                await self.kill(instance)

    async def leader(self) -> str:
        """The instance that sends the journal to Kafka; empty when the lease has run out."""
        holder = await self.pool.fetchval(
            "SELECT holder FROM lease WHERE name = $1 AND expires_at > clock_timestamp()", RELAY
        )
        return str(holder or "").removeprefix(f"{GROUP}-")

    async def epochs(self) -> int:
        """How often the right to send the journal was taken."""
        return int(await self.pool.fetchval("SELECT epoch FROM lease WHERE name = $1", RELAY))

    async def leases_of_the_dead(self) -> list[str]:
        """Those that nobody took, renewed or gave up since the last one was killed."""
        rows = await self.pool.fetch(
            """
            SELECT name FROM lease
            WHERE expires_at > '-infinity' AND expires_at <= $1::timestamptz + make_interval(secs => $2)
            """,
            self._died_at,
            TERM,
        )
        return [row["name"] for row in rows]

    async def readers(self) -> set[str]:
        """Among which instances the broker has divided the partitions; nobody while it divides them."""
        with suppress(KafkaError):
            async with asking(Kafka(self.kafka)) as admin:
                (answer,) = await admin.describe_consumer_groups([GROUP])
                ((_, _, state, _, _, members, *_),) = answer.groups
                # The id of a fixed member is its name with a random id behind it.
                names = {str(member[0])[: -len(f"-{uuid4()}")] for member in members}
                return {name.removeprefix(f"{GROUP}-") for name in names} if state == "Stable" else set()
        return set()

    async def are_shared_by(self, *instances: str) -> None:
        """Return when exactly these share the partitions and one of them sends the journal."""
        await eventually(self.readers, lambda readers: readers == set(instances), within=PATIENCE)
        await eventually(self.leader, lambda leader: leader in instances, within=PATIENCE)

    def errors(self) -> Sequence[Mapping[str, Any]]:
        """What workers logged as errors."""
        return [line for path in sorted(self.folder.glob("worker-*.log")) for line in _errors(path)]


def _errors(path: Path) -> Sequence[Mapping[str, Any]]:
    found = []
    for text in path.read_text("utf-8", "replace").splitlines():
        with suppress(ValueError):
            line = json.loads(text)
            if isinstance(line, dict) and line.get("level") in {"error", "critical"}:
                found.append({"log": path.name, **line})
    return found
