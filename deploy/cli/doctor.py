"""`huying doctor`: says in words what is wrong here, what to do, and what it did not look at."""

import asyncio
from collections.abc import Awaitable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Final

import typer
from rich.console import Console

from deploy.cli.faults import UNUSABLE
from deploy.cli.running import named
from deploy.doctor import broker, database, machine, processes
from deploy.local.state import Runtime, Unusable, state_dir
from shared.chassis.base.findings import Finding, Severity, broken, exit_code, not_looked_at, ok
from shared.chassis.base.settings import KafkaSettings, read
from shared.chassis.kafka.client import Kafka
from shared.chassis.kafka.cluster import cluster_id

console = Console(highlight=False)
MARKS: Final = {
    Severity.OK: "[green]ok[/]           ",
    Severity.NOT_LOOKED_AT: "[yellow]not looked at[/]",
    Severity.WARNING: "[yellow]warning[/]      ",
    Severity.BROKEN: "[red]broken[/]       ",
}


@dataclass(frozen=True, slots=True)
class Place:
    """What there is to look at: servers that the environment names, else those of the deployment that runs here."""

    runtime: Runtime | None
    database_url: str
    kafka: Kafka | None
    health: Sequence[str] = ()

    @property
    def shards(self) -> int:
        """In how many parts each journal is sent."""
        return self.runtime.relay_shards if self.runtime else 1


def doctor(
    health: Annotated[
        list[str] | None,
        typer.Option(help="http://HOST:HUYING_HEALTH_PORT of a process that `make up` did not start; may be repeated"),
    ] = None,
) -> None:
    """Look at everything. Exit code 0: all is well and was looked at; 1: warnings, or something was not looked at; 2:
    something is broken."""
    findings = [*_machine(), *asyncio.run(_looked_at(_place(health or ())))]
    for finding in findings:
        console.print(MARKS[finding.severity], end=" ")
        console.print(str(finding), markup=False, soft_wrap=True)
    raise typer.Exit(exit_code(findings))


def _place(health: Sequence[str]) -> Place:
    runtime = Runtime.running(state_dir())
    servers = named("KAFKA_BOOTSTRAP_SERVERS") or (runtime.kafka_bootstrap_servers if runtime else "")
    kafka = replace(read(KafkaSettings).kafka, servers=servers) if servers else None
    return Place(runtime, named("DATABASE_URL") or (runtime.database_url if runtime else ""), kafka, health)


def _machine() -> Iterable[Finding]:
    directory = state_dir()
    return (machine.python(), machine.room(directory), machine.privacy(directory), machine.java())


async def _looked_at(place: Place) -> list[Finding]:
    findings = await _processes(place)
    cluster, at_the_broker = await _broker(place)
    return [*findings, *at_the_broker, *await _database(place, cluster)]


async def _processes(place: Place) -> list[Finding]:
    found = []
    if place.runtime:
        found = await processes.of_the_deployment(place.runtime)
    elif _left_behind():
        found = [broken("deployment", "was ended without tidying up (killed?): `make up` starts it again")]
    if place.health or not place.runtime:
        found += await processes.at(place.health)
    return found


def _left_behind() -> bool:
    try:
        return Runtime.read(state_dir()) is not None
    except Unusable:
        return True


async def _broker(place: Place) -> tuple[str | None, list[Finding]]:
    """The name of its cluster, and what was found."""
    kafka = place.kafka
    if kafka is None:
        return None, [_nothing_runs("broker", "KAFKA_BOOTSTRAP_SERVERS")]
    what, hint = f"broker at {kafka.servers}", "is it running, is KAFKA_BOOTSTRAP_SERVERS right?"
    cluster: list[str] = []

    async def ask() -> list[Finding]:
        cluster.append(await cluster_id(kafka))
        begun = await database.generations(place.database_url, cluster[0]) if place.database_url else {}
        return [ok(f"{what} answers"), *await broker.topics(kafka), *await broker.readers(kafka, begun)]

    findings = await _asked(what, hint, ask())
    if any(finding.severity is Severity.BROKEN for finding in findings[:1]):
        findings += [not_looked_at(part, "the broker does not answer") for part in ("topics", "readers")]
    return next(iter(cluster), None), findings


async def _database(place: Place, cluster: str | None) -> list[Finding]:
    if not place.database_url:
        return [_nothing_runs("database", "DATABASE_URL")]
    findings = database.everything(place.database_url, cluster, place.shards)
    return await _asked("database", "is it running, is DATABASE_URL right?", findings)


def _nothing_runs(what: str, variable: str) -> Finding:
    return not_looked_at(what, f"nothing runs here: `make up` starts everything, or {variable} names one of your own")


async def _asked(what: str, hint: str, asked: Awaitable[list[Finding]]) -> list[Finding]:
    try:
        return await asyncio.wait_for(asked, 120)
    except (RuntimeError, ValueError, *UNUSABLE) as fault:
        return [broken(what, f"does not answer as it should ({str(fault) or type(fault).__name__}); {hint}")]
