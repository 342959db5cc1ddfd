"""`huying doctor`: says in words what is wrong here, and what to do."""

import asyncio
import os
import shutil
import sys
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

import asyncpg
import httpx
import typer
from rich.console import Console

from deploy.cli.faults import UNUSABLE
from deploy.cli.running import named
from deploy.local.state import MIN_FREE, Runtime, Unusable, prepare, state_dir
from shared.chassis.broker import cluster_id
from shared.chassis.database import Connection
from shared.chassis.settings import KafkaSettings, read

console = Console(highlight=False)


@dataclass(frozen=True, slots=True)
class Finding:
    """One line: what was looked at, and what to do when it is not well."""

    what: str
    wrong: str | None = None


SERVICES: Final = ("intake", "routing", "feedback", "reporting")
BACKLOG = (
    ("demands wait for a dispatcher", "SELECT count(*) FROM routing.demand WHERE status = 'triage'", False),
    (
        "messages could not be sent",
        "SELECT count(*) FROM feedback.notification WHERE state IN ('failed', 'unknown')",
        True,
    ),
    (
        "messages wait since their address had all that it gets in an hour",
        "SELECT count(*) FROM feedback.notification WHERE state = 'pending' AND waits = 'hourly-limit'",
        False,
    ),
    (
        "messages have waited over ten minutes (their column `cause`, and the log of feedback-worker, say for what)",
        """
        SELECT count(*) FROM feedback.notification AS late
        WHERE state = 'pending' AND created_at < now() - interval '10 minutes' AND NOT EXISTS (
            SELECT FROM feedback.notification AS held WHERE held.state = 'pending' AND held.waits = 'hourly-limit'
            AND (held.demand_id, held.contact) = (late.demand_id, late.contact)
        )
        """,
        True,
    ),
    *(
        row
        for name in SERVICES
        for row in (
            (
                f"dead letters at {name} (huying dead-letters list)",
                f"SELECT count(*) FROM {name}.dead_letter WHERE redriven_at IS NULL",  # noqa: S608
                True,
            ),
            (
                f"facts at {name} have waited over a minute for an earlier one",
                f"SELECT count(*) FROM {name}.parked WHERE since < now() - interval '1 minute'",  # noqa: S608
                True,
            ),
        )
    ),
)
# Beyond what each shard has sent to this cluster, which is nothing where it has no cursor. A broker that is away was
# the last that a relay reached.
UNSENT: Final = """
    SELECT count(*)
    FROM generate_series(0, $2::integer - 1) AS shard
    LEFT JOIN {name}.relay_cursor AS sent ON (sent.shards, sent.shard) = ($2, shard.shard) AND sent.cluster_id
        = coalesce($1, (SELECT cluster_id FROM {name}.relay_cursor ORDER BY moved_at DESC LIMIT 1))
    JOIN {name}.journal AS told ON told.position > coalesce(sent.position, 0)
        AND abs(hashtext(told.aggregateid::text)::bigint) % $2 = shard.shard
        AND told.recorded_at < now() - interval '1 minute'
"""


def doctor() -> None:
    """Look at everything; exit code 1 when there is a problem."""
    problems = 0
    for finding in [*_machine(), *asyncio.run(_named()), *asyncio.run(_deployment())]:
        problems += finding.wrong is not None
        mark = "[red]problem[/]" if finding.wrong else "[green]ok[/]     "
        console.print(f"{mark} {finding.what}{': ' + finding.wrong if finding.wrong else ''}")
    raise typer.Exit(1 if problems else 0)


def _machine() -> Iterator[Finding]:
    version = ".".join(map(str, sys.version_info[:3]))
    yield Finding(f"Python {version}", None if sys.version_info >= (3, 11) else "3.11 or newer is needed")
    directory = state_dir()
    try:
        prepare(directory)
    except Unusable as fault:
        yield Finding(f"data in {directory}", str(fault))
    else:
        free = shutil.disk_usage(directory).free
        yield Finding(f"data in {directory}, {free // 1_000_000:,} MB free", None if free > MIN_FREE else "free some")
    java = "found" if shutil.which("java") else "not found: only `--broker apache-kafka` needs it"
    yield Finding(f"Java {java}")


async def _named() -> list[Finding]:
    """Servers of one's own, which `make up` and every command take instead of what runs here."""
    asked = (("DATABASE_URL", "database", _connects), ("KAFKA_BOOTSTRAP_SERVERS", "broker", _answers_as_kafka))
    return [
        await _checked(f"{what} that {name} names", partial(look, at), f"is it running, is {name} right?")
        for name, what, look in asked
        if (at := named(name))
    ]


async def _answers_as_kafka(servers: str) -> str:
    return await cluster_id(replace(read(KafkaSettings).kafka, servers=servers))


async def _deployment() -> list[Finding]:
    running = Runtime.read(state_dir())
    if running is None:
        return [Finding("nothing runs here (`make up` starts it)")]
    logs = f"look into {running.log_dir}"
    found = [
        await _process(name, pid, running.ready.get(name), running.given_up.get(name), logs)
        for name, pid in running.pids.items()
    ]
    found.append(await _checked(f"pages at {running.url}", lambda: _answers(f"{running.url}/readyz"), logs))
    clusters: list[str] = []

    async def ask_broker() -> None:
        clusters.append(await _answers_as_kafka(running.kafka_bootstrap_servers))

    found.append(await _checked("broker", ask_broker, logs))
    return found + await _backlog(running, next(iter(clusters), None))


async def _process(name: str, pid: int, ready: str | None, given_up: str | None, logs: str) -> Finding:
    if given_up:
        return Finding(f"process {name}", given_up)
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return Finding(f"process {name}", f"pid {pid} is gone; `make up` again, and {logs}/{name}.log")
    except PermissionError:
        pass
    if ready is None:
        return Finding(f"process {name}, pid {pid}")
    return await _checked(f"process {name}, pid {pid}", lambda: _answers(ready), f"{logs}/{name}.log")


async def _answers(url: str) -> None:
    async with httpx.AsyncClient(timeout=5, trust_env=False) as client:
        answer = await client.get(url)
    if not answer.is_success:
        raise RuntimeError(answer.text)


async def _connects(dsn: str) -> None:
    await (await asyncpg.connect(dsn, timeout=5)).close()


async def _checked(what: str, look: Callable[[], Awaitable[object]], where: str) -> Finding:
    try:
        await asyncio.wait_for(look(), 10)
    except (RuntimeError, httpx.HTTPError, *UNUSABLE) as fault:
        return Finding(what, f"does not answer as it should ({str(fault) or type(fault).__name__}); {where}")
    return Finding(what)


async def _backlog(running: Runtime, cluster: str | None) -> list[Finding]:
    try:
        db = await asyncpg.connect(running.database_url, timeout=5)
    except (OSError, TimeoutError, asyncpg.PostgresError) as fault:
        return [Finding("database", f"does not answer ({str(fault) or type(fault).__name__}); look into its log")]
    found = [Finding("database")]
    for words, question, is_wrong in BACKLOG:
        count = await db.fetchval(question)
        if count:
            found.append(Finding("backlog", f"{count:,} {words}") if is_wrong else Finding(f"{count:,} {words}"))
    for name in SERVICES:
        if count := await unsent(db, name, cluster, running.relay_shards):
            words = f"{count:,} facts of {name} are not sent to the broker after a minute (is it reachable?)"
            found.append(Finding("backlog", words))
    await db.close()
    return found


async def unsent(db: Connection, name: str, cluster: str | None, shards: int) -> int:
    """How many facts of a service no relay has sent to this cluster, though there was time."""
    count: int = await db.fetchval(UNSENT.format(name=name), cluster, shards)
    return count
