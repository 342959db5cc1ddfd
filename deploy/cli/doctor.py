"""`huying doctor`: checks the whole deployment; says what is wrong, what to do, and what could not be checked."""

import asyncio
import json
import logging
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Final, Literal

import typer
from rich.console import Console

from deploy.cli.faults import UNUSABLE
from deploy.cli.running import environment
from deploy.cli.running import named as server_named
from deploy.cli.services import manifests
from deploy.doctor import broker, database, machine, processes
from deploy.local.state import Runtime, Unusable, state_dir
from shared.chassis.base.clock import now
from shared.chassis.base.findings import (
    Finding,
    Severity,
    Words,
    broken,
    exit_code,
    named,
    not_checked,
    ok,
    worst_first,
)  # fmt: skip
from shared.chassis.base.settings import KafkaSettings, read
from shared.chassis.kafka.client import Kafka
from shared.chassis.kafka.cluster import cluster_id
from shared.chassis.process.doctor_checks import RegisteredProcess
from shared.contracts.text import printable

console = Console(highlight=False)
MARKS: Final = {
    Severity.OK: ("[green]ok[/]           ", "[green]正常[/]  "),
    Severity.NOT_LOOKED_AT: ("[yellow]not checked[/]", "[yellow]未检查[/]"),
    Severity.WARNING: ("[yellow]warning[/]      ", "[yellow]注意[/]  "),
    Severity.BROKEN: ("[red]broken[/]       ", "[red]故障[/]  "),
}
BROKER_WITHIN: Final = 8.0
PART_WITHIN: Final = 15.0
"""Seconds after which a part that has not answered is reported as not checked; every single check is faster."""
Lang = Literal["en", "zh"]


@dataclass(frozen=True, slots=True)
class CheckedServers:
    """The servers to check: those that the environment names, else those of the deployment that runs here."""

    runtime: Runtime | None
    database_url: str
    kafka: Kafka | None
    health: Sequence[str] = ()

    @property
    def shards(self) -> int | None:
        """In how many parts each journal is sent; None: the number that the relays used last."""
        return self.runtime.relay_shards if self.runtime else None


def doctor(
    health: Annotated[
        list[str] | None,
        typer.Option(help="http://HOST:HUYING_HEALTH_PORT of a process that registers nowhere; may be repeated"),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="JSON for scripts, with all findings in both languages")
    ] = False,
    lang: Annotated[Lang, typer.Option(help="zh: in Chinese / 中文")] = "en",
) -> None:
    """Check the whole deployment. Exit code 0: all is well; 1: warnings, or something could not be checked; 2:
    something is broken."""
    # The client of Kafka has words of its own for each try; the finding says it once.
    logging.getLogger("aiokafka").addHandler(logging.NullHandler())
    manifests()  # import the code of the services before the time limits of the checks begin
    findings = worst_first([*_machine(), *asyncio.run(_findings(_place(health or ())))])
    if as_json:
        document = {"exit_code": exit_code(findings), "findings": [finding.document() for finding in findings]}
        typer.echo(printable(json.dumps(document, ensure_ascii=False, indent=2)))
    else:
        _print(findings, lang)
    raise typer.Exit(exit_code(findings))


def _print(findings: Sequence[Finding], lang: Lang) -> None:
    chosen = 0 if lang == "en" else 1
    between = (": ", "：")[chosen]
    for finding in findings:
        parts = [words[chosen] for words in (finding.what, finding.wrong) if words]
        console.print(MARKS[finding.severity][chosen], end=" ")
        console.print(printable(between.join(parts)), markup=False, soft_wrap=True)
        if finding.step:
            console.print(f"    → {printable(finding.step[chosen])}", markup=False, soft_wrap=True)


def _place(health: Sequence[str]) -> CheckedServers:
    runtime = Runtime.running(state_dir())
    servers = server_named("KAFKA_BOOTSTRAP_SERVERS") or (runtime.kafka_bootstrap_servers if runtime else "")
    kafka = replace(read(KafkaSettings).kafka, servers=servers) if servers else None
    return CheckedServers(
        runtime, server_named("DATABASE_URL") or (runtime.database_url if runtime else ""), kafka, health
    )


def _machine() -> list[Finding]:
    directory, given = state_dir(), environment()
    findings = [machine.python(), machine.room(directory), machine.privacy(directory), machine.java()]
    return named(
        "machine", [*findings, *machine.settings(given), *machine.secrets(given), *machine.certificates(given, now())]
    )


async def _findings(place: CheckedServers) -> list[Finding]:
    """Run the checks at the same time; those of the database wait for the broker's, whose cluster id they need."""
    (at_health, already_checked), (cluster, at_the_broker) = await asyncio.gather(_processes(place), _broker(place))
    (at_the_database, registered), readers = await asyncio.gather(
        _database(place, cluster, already_checked), _readers(place, cluster)
    )
    checked_urls = place.runtime.health.values() if place.runtime else ()
    answering = await processes.registered_findings(registered, [*checked_urls, *place.health])
    return [*at_health, *answering, *at_the_broker, *readers, *at_the_database]


async def _processes(place: CheckedServers) -> tuple[list[Finding], list[str]]:
    """The findings, and the names of the processes whose health was checked."""
    findings: list[Finding] = []
    if place.runtime:
        findings = await processes.deployment_findings(place.runtime)
    elif _left_behind():
        cause = Words("ended without a clean stop; it may have been killed", "未正常结束（可能被强行终止）")
        step = Words("start it again with `make up`", "用 `make up` 重新启动")
        findings = named("health", [broken(Words("deployment", "本机部署"), cause, step)])
    elsewhere, names = await processes.at(place.health)
    return findings + elsewhere, [*(place.runtime.pids if place.runtime else ()), *names]


def _left_behind() -> bool:
    try:
        return Runtime.read(state_dir()) is not None
    except Unusable:
        return True


async def _broker(place: CheckedServers) -> tuple[str | None, list[Finding]]:
    """The id of the broker's cluster, and the findings about it and its topics."""
    kafka = place.kafka
    if kafka is None:
        return None, named("broker", [_nothing_runs(Words("broker", "Kafka"), "KAFKA_BOOTSTRAP_SERVERS")])
    subject = Words(f"broker at {kafka.servers}", f"Kafka（{kafka.servers}）")
    step = Words(
        "check whether it runs, and whether KAFKA_BOOTSTRAP_SERVERS is right",
        "请确认它在运行、KAFKA_BOOTSTRAP_SERVERS 正确",
    )
    try:
        async with asyncio.timeout(BROKER_WITHIN):
            cluster = await cluster_id(kafka)
    except (RuntimeError, ValueError, *UNUSABLE) as fault:
        cause = Words("the broker does not answer", "Kafka 没有回应")
        parts = (("topics", Words("topics", "主题")), ("readers", Words("readers", "消费者")))
        skipped = [named(check, [not_checked(words, cause)])[0] for check, words in parts]
        return None, [*named("broker", [_silent(subject, fault, step)]), *skipped]
    answers = ok(Words(f"{subject.en} answers", f"{subject.zh} 有回应"))
    topics = await _asked("topics", Words("topics", "主题"), step, broker.topics(kafka))
    return cluster, [*named("broker", [answers]), *topics]


async def _readers(place: CheckedServers, cluster: str | None) -> list[Finding]:
    kafka = place.kafka
    if kafka is None or cluster is None:
        return []

    async def ask() -> list[Finding]:
        begun = await database.generations(place.database_url, cluster) if place.database_url else {}
        return await broker.readers(kafka, begun)

    step = Words("check whether the broker is overloaded", "Kafka 是否繁忙")
    return await _asked("readers", Words("readers", "消费者"), step, ask())


async def _database(
    place: CheckedServers, cluster: str | None, already_checked: Sequence[str]
) -> tuple[list[Finding], Sequence[RegisteredProcess]]:
    if not place.database_url:
        nothing = named("database", [_nothing_runs(Words("database", "数据库"), "DATABASE_URL")])
        return nothing + _unseen_processes(place), ()
    subject = Words("database", "数据库")
    step = Words("check whether it runs, and whether DATABASE_URL is right", "请确认它在运行、DATABASE_URL 正确")
    try:
        async with asyncio.timeout(PART_WITHIN):
            return await database.database_findings(place.database_url, cluster, place.shards, already_checked)
    except (RuntimeError, ValueError, *UNUSABLE) as fault:
        return named("database", [_silent(subject, fault, step)]) + _unseen_processes(place), ()


def _unseen_processes(place: CheckedServers) -> list[Finding]:
    """A finding that processes were not checked: without the database, only those that `make up` started are known."""
    if place.runtime:
        return []
    cause = Words("processes register in the database, which cannot be read", "进程登记在数据库中")
    step = Words(
        "until then, check each process with --health http://HOST:HUYING_HEALTH_PORT",
        "可先用 --health http://主机:HUYING_HEALTH_PORT 逐个检查",
    )
    return named("processes", [not_checked(Words("processes", "进程"), cause, step)])


def _nothing_runs(what: Words, variable: str) -> Finding:
    cause = Words("no deployment runs here", "本机没有在运行的部署")
    step = Words(
        f"start everything with `make up`, or set {variable} to your own server",
        f"用 `make up` 启动，或用 {variable} 指定自己的服务器",
    )
    return not_checked(what, cause, step)


async def _asked(check: str, subject: Words, step: Words, check_run: Awaitable[list[Finding]]) -> list[Finding]:
    try:
        async with asyncio.timeout(PART_WITHIN):
            return await check_run
    except (RuntimeError, ValueError, *UNUSABLE) as fault:
        return named(check, [_silent(subject, fault, step)])


def _silent(subject: Words, fault: BaseException, step: Words) -> Finding:
    cause = str(fault) or type(fault).__name__
    return broken(subject, Words(f"does not answer correctly ({cause})", f"没有正常回应（{cause}）"), step)
