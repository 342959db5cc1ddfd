"""Worker processes of routing that share the partitions of a broker; a test can kill and suspend them."""

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
    """Workers by their instance names, such as `0`; all have the time set by `clock_shows`."""

    pool: Pool
    database: str
    kafka: str
    folder: Path
    _workers: dict[str, ManagedProcess] = field(default_factory=dict)
    _stopped: set[str] = field(default_factory=set)
    _died_at: datetime | None = None
    """The time of the last kill, by the database's clock."""

    def clock_shows(self, at: datetime) -> None:
        """Set the time of every worker."""
        fresh = self._moment.with_suffix(".new")
        fresh.write_text(at.isoformat(), "utf-8")
        fresh.replace(self._moment)

    @property
    def _moment(self) -> Path:
        return self.folder / "moment"

    async def start(self, *instances: str) -> None:
        """Start or restart these."""
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
        """Kill it at once, in the middle of its work."""
        self._signal(instance, signal.SIGKILL)
        await self._workers.pop(instance).wait()
        self._died_at = await self.pool.fetchval("SELECT clock_timestamp()")

    def stop(self, instance: str) -> None:
        """Suspend it, like a frozen host."""
        self._signal(instance, signal.SIGSTOP)
        self._stopped.add(instance)

    def go_on(self) -> None:
        """Resume suspended workers."""
        while self._stopped:
            self._signal(self._stopped.pop(), signal.SIGCONT)

    def _signal(self, instance: str, sign: signal.Signals) -> None:
        os.kill(self._workers[instance].pid, sign)

    @property
    def instances(self) -> Sequence[str]:
        """The running instances."""
        return [instance for instance in self._workers if instance not in self._stopped]

    async def end_in_order(self) -> None:
        """Ask all to end, and wait until they have."""
        assert all(await asyncio.gather(*(worker.stop() for worker in self._workers.values()))), "one had to be killed"
        self._workers.clear()

    async def end(self) -> None:
        """Kill all."""
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
        """How often the lease to send the journal was taken."""
        return int(await self.pool.fetchval("SELECT epoch FROM lease WHERE name = $1", RELAY))

    async def leases_of_the_dead(self) -> list[str]:
        """Leases that nobody took, renewed or released since the last kill."""
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
        """The instances that have partitions; none while the broker assigns them."""
        with suppress(KafkaError):
            async with asking(Kafka(self.kafka)) as admin:
                (answer,) = await admin.describe_consumer_groups([GROUP])
                ((_, _, state, _, _, members, *_),) = answer.groups
                # The id of a static member is its name followed by a random id.
                names = {str(member[0])[: -len(f"-{uuid4()}")] for member in members}
                return {name.removeprefix(f"{GROUP}-") for name in names} if state == "Stable" else set()
        return set()

    async def are_shared_by(self, *instances: str) -> None:
        """Wait until exactly these share the partitions and one of them sends the journal."""
        await eventually(self.readers, lambda readers: readers == set(instances), within=PATIENCE)
        await eventually(self.leader, lambda leader: leader in instances, within=PATIENCE)

    def errors(self) -> Sequence[Mapping[str, Any]]:
        """The errors in the logs of workers."""
        return [line for path in sorted(self.folder.glob("worker-*.log")) for line in _errors(path)]


def _errors(path: Path) -> Sequence[Mapping[str, Any]]:
    errors = []
    for text in path.read_text("utf-8", "replace").splitlines():
        with suppress(ValueError):
            line = json.loads(text)
            if isinstance(line, dict) and line.get("level") in {"error", "critical"}:
                errors.append({"log": path.name, **line})
    return errors
