"""Runs the checks of every service in its part of the database, each over a connection that sees only its schema."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Final

import asyncpg

from deploy.cli.processes import GATEWAY
from deploy.cli.services import manifests
from shared.chassis.base.clock import now
from shared.chassis.base.findings import Finding, Words, named, ok
from shared.chassis.consumer.consumer_log import known_generation
from shared.chassis.database.pool import PASSING, Connection
from shared.chassis.process.doctor_checks import SKEW, RegisteredProcess, skewed
from shared.chassis.process.service_checks import Questions, Roles, ServiceReport, listening, merged, report_of

WITHIN: Final = 8.0
"""Seconds that all checks of a service may take together."""
LONGEST_QUESTION_MS: Final = 5_000
HERE: Final = Words("this machine", "本机")


async def database_findings(
    dsn: str, cluster: str | None, shards: int | None, already_checked: Sequence[str] = ()
) -> tuple[list[Finding], list[RegisteredProcess]]:
    """All findings, and the registered processes; raises asyncpg's faults if the database does not answer.

    `already_checked` are names of processes whose health was checked, although they may not be registered.
    """
    async with connected(dsn) as db:
        ahead = await clock_ahead(db)
    findings = [ok(Words("database answers", "数据库有回应"))]
    findings += [skewed(HERE, ahead)] if abs(ahead) > SKEW else []
    questions = [Questions(service, roles(service.name, already_checked), cluster, shards) for service in manifests()]
    reports = await asyncio.gather(*(_of(dsn, question) for question in questions))
    processes = {process.full_name: process for report in reports for process in report.processes}
    lines = merged(line for report in reports for line in report.findings)
    return named("database", findings) + lines, [*processes.values()]


def roles(name: str, already_checked: Sequence[str] = ()) -> Roles:
    """The roles that a service needs, with the processes that can fill them; roles of processes in `already_checked`
    are left out."""
    service = next(service for service in manifests() if service.name == name)
    api = f"{name}-api"
    return {
        role: able
        for role, able in {api: (GATEWAY, api), **listening(service)}.items()
        if not set(able) & set(already_checked)
    }


async def _of(dsn: str, questions: Questions) -> ServiceReport:
    async with connected(dsn, questions.service.name) as db:
        return await report_of(db, questions, WITHIN)


async def clock_ahead(db: Connection) -> float:
    """By how many seconds this machine's clock is ahead of PostgreSQL's, exact to half of the round-trip time."""
    before = now()
    theirs: datetime = await db.fetchval("SELECT clock_timestamp()")
    after = now()
    return (before + (after - before) / 2 - theirs.astimezone(UTC)).total_seconds()


@asynccontextmanager
async def connected(dsn: str, service: str = "public") -> AsyncIterator[Connection]:
    """A connection with the user's own rights, whose search path is the schema of one service."""
    settings = {"search_path": service, "statement_timeout": str(LONGEST_QUESTION_MS)}
    db = await asyncpg.connect(dsn, timeout=5, server_settings=settings)
    try:
        yield db
    finally:
        await db.close(timeout=2)


async def generations(dsn: str, cluster: str) -> Mapping[str, int]:
    """The generation of each service's consumer with this cluster; services whose table cannot be read are left out,
    because other checks report them."""
    by_service = {}
    for service in manifests():
        try:
            async with connected(dsn, service.name) as db:
                by_service[service.name] = await known_generation(db, cluster)
        except (*PASSING, asyncpg.PostgresError):
            continue
    return by_service
