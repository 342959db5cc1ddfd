"""Runs all doctor checks of one service: the checks that every service has, and the service's own.

`huying doctor` runs them over a connection of its own, the API process of a service over its pool; both get the same
findings.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import asyncpg

from shared.chassis.base.findings import NONE, Finding, Severity, Words, broken, named, not_checked, ok
from shared.chassis.consumer import doctor_checks as consumer_checks
from shared.chassis.database import doctor_checks as database_checks
from shared.chassis.database.pool import Connection
from shared.chassis.process import doctor_checks as process_checks
from shared.chassis.process.doctor_checks import RegisteredProcess
from shared.chassis.process.manifest import ServiceManifest
from shared.chassis.relay import doctor_checks as relay_checks
from shared.chassis.work import doctor_checks as timer_checks

Ask = Callable[[Connection], Awaitable[Sequence[Finding]]]
Roles = Mapping[str, Sequence[str]]
SCHEMA: Final = "migrations"
PROCESSES: Final = "processes"
WELL: Final[Mapping[str, Words]] = {
    "dead-letters": Words("dead letters: none", "死信：无"),
    "parked": Words("parked facts: none", "暂存：没有等待前一条的事实"),
    "relays": Words("relays: all facts are sent to the broker", "发送：全部已发送到 Kafka"),
    "timers": Words("timers: none is late", "定时任务：没有延迟"),
}
"""Checks that return no findings if all is well, with the finding that stands for all services then."""


@dataclass(frozen=True, slots=True)
class Questions:
    """The checks of a service and their parameters.

    `roles`: what the service needs, with the processes that can do it. `cluster`: the id of the Kafka cluster of its
    relays; None: the one that they used last. `shards`: in how many parts they send the journal; None: as last time.
    """

    service: ServiceManifest[Any]
    roles: Roles
    cluster: str | None = None
    shards: int | None = None

    def checks(self) -> Mapping[str, Ask]:
        """The checks by name, without those of schema and processes, which run first."""
        name = self.service.name
        unsent = partial(relay_checks.unsent, service=name, cluster_id=self.cluster, shards=self.shards)
        return {
            "relays": unsent,
            "dead-letters": partial(consumer_checks.dead_letters, service=name),
            "parked": partial(consumer_checks.parked, service=name),
            "timers": partial(timer_checks.late_timers, service=name),
            **{check.name: check.ask for check in self.service.checks},
        }

    def names(self) -> Sequence[str]:
        """The names of all checks except the one of the schema."""
        return [PROCESSES, *self.checks()]


def listening(service: ServiceManifest[Any]) -> Roles:
    """The role of a service's worker, without which it consumes nothing."""
    name = f"{service.name}-{service.listener.suffix}"
    return {name: (name,)}


async def report_of(db: Connection, questions: Questions, within: float) -> "ServiceReport":
    """The findings of a service and its processes, within `within` seconds. A check that takes more than half of that
    is reported as not checked. `db` must see the schema of the service."""
    service, deadline = questions.service, asyncio.get_running_loop().time() + within
    findings = await _answered(SCHEMA, database_checks.migrations(db, service.name, service.migrations), within / 2)
    if any(finding.wrong == database_checks.MISSING for finding in findings):
        cause = Words(f"the schema of {service.name} is missing", f"{service.name} 的数据库结构还没有建立")
        return ServiceReport(service.name, findings + [_skipped(name, cause) for name in questions.names()], ())
    processes: list[RegisteredProcess] = []

    async def judged(db: Connection) -> Sequence[Finding]:
        processes.extend(await process_checks.registered(db))
        return process_checks.judged(service.name, questions.roles, processes)

    for name, ask in {PROCESSES: judged, **questions.checks()}.items():
        seconds_left = deadline - asyncio.get_running_loop().time()
        findings += await _answered(name, ask(db), max(0.0, min(seconds_left, within / 2)))
    return ServiceReport(service.name, findings, tuple(processes))


async def _answered(name: str, check: Awaitable[Sequence[Finding]], within: float) -> list[Finding]:
    try:
        async with asyncio.timeout(within):
            findings = await check
    except (TimeoutError, asyncpg.QueryCanceledError):
        cause = Words("the answer took too long", "查询超时，未能检查")
        return [_skipped(name, cause, Words("check whether PostgreSQL is overloaded", "数据库是否繁忙"))]
    except (asyncpg.UndefinedTableError, asyncpg.UndefinedColumnError, asyncpg.UndefinedFunctionError) as fault:
        problem = Words(f"the schema is of another version ({fault})", f"数据库结构版本不符（{fault}）")
        return named(name, [broken(Words(name, name), problem, database_checks.MIGRATE)])
    except asyncpg.InsufficientPrivilegeError as fault:
        cause = Words(
            f"{fault}: the user of DATABASE_URL has no permission to read it", f"{fault}：DATABASE_URL 的用户无权读取"
        )
        return [_skipped(name, cause)]
    return named(name, findings or [ok(WELL[name])])


def _skipped(name: str, cause: Words, step: Words = NONE) -> Finding:
    return named(name, [not_checked(Words(name, name), cause, step)])[0]


def merged(findings: Iterable[Finding]) -> list[Finding]:
    """The findings of several services without repetitions: equal findings appear once, and a finding of `WELL` is left
    out if the same check has found something in another service."""
    lines = list(dict.fromkeys(findings))
    failed_checks = {finding.check for finding in lines if finding.severity is not Severity.OK}
    return [line for line in lines if not (line.check in failed_checks and line.what == WELL.get(line.check))]


@dataclass(frozen=True, slots=True)
class ServiceReport:
    """The report of one service for the page of operations."""

    service: str
    findings: Sequence[Finding]
    processes: Sequence[RegisteredProcess]

    def document(self) -> dict[str, Any]:
        """As a JSON document; `of_document` is the inverse."""
        return {
            "service": self.service,
            "findings": [finding.document() for finding in self.findings],
            "processes": [process.document() for process in self.processes],
        }

    @classmethod
    def of_document(cls, document: Mapping[str, Any]) -> "ServiceReport":
        """Parse a document; raises `KeyError`, `TypeError` or `ValueError`."""
        return cls(
            str(document["service"]),
            [Finding.of_document(finding) for finding in document["findings"]],
            [RegisteredProcess.of_document(process) for process in document["processes"]],
        )
