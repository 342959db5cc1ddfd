"""Asks every service about its own part of the database: its own checks, and those that hold of any service."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import asyncpg

from deploy.cli.services import manifests
from shared.chassis.base.findings import Finding, broken, not_looked_at, ok
from shared.chassis.consumer import doctor_checks as consumer_checks
from shared.chassis.consumer.consumer_log import known_generation
from shared.chassis.database.pool import PASSING, Connection
from shared.chassis.process.manifest import ServiceManifest
from shared.chassis.relay import doctor_checks as relay_checks

LONGEST_QUESTION_MS: Final = 20_000


@dataclass(frozen=True, slots=True)
class GeneralCheck:
    """A question to every service; `ask` finds nothing where all is well, which `well` says once for all services."""

    name: str
    well: str
    ask: Callable[[Connection, str], Awaitable[Sequence[Finding]]]


def general_checks(cluster: str | None, shards: int) -> tuple[GeneralCheck, ...]:
    """What is asked of every service; of the relays for this cluster, in so many shards."""
    unsent = partial(relay_checks.unsent, cluster_id=cluster, shards=shards)
    return (
        GeneralCheck("dead letters", "dead letters: none", consumer_checks.dead_letters),
        GeneralCheck("parked", "parked demands: none", consumer_checks.parked),
        GeneralCheck("relays", "relays: everything was sent to the broker", unsent),
    )


async def everything(dsn: str, cluster: str | None, shards: int) -> list[Finding]:
    """All of it; raises what asyncpg raises when the database does not answer."""
    services, general = manifests(), general_checks(cluster, shards)
    async with connected(dsn) as db:
        findings = list(await schemas(db, [service.name for service in services]))
    if any(finding.wrong for finding in findings):
        names = [*(check.name for service in services for check in service.checks), *(check.name for check in general)]
        return [*findings, *(not_looked_at(name, "its schema is missing") for name in names)]
    for service in services:
        findings += await _own(dsn, service)
    for check in general:
        findings += await _general(dsn, check, services)
    return findings


async def schemas(db: Connection, services: Sequence[str]) -> Sequence[Finding]:
    """Whether every service's schema was made."""
    known = {row["nspname"] for row in await db.fetch("SELECT nspname FROM pg_namespace")}
    missing = [name for name in services if name not in known]
    if missing:
        return [broken("database", f"has no schema of {', '.join(missing)}: run `huying migrate`")]
    return [ok("database answers, and has every service's schema")]


async def _own(dsn: str, service: ServiceManifest[Any]) -> list[Finding]:
    findings: list[Finding] = []
    async with connected(dsn, service.name) as db:
        for check in service.checks:
            findings += await _answered(check.name, check.ask(db))
    return findings


async def _general(dsn: str, check: GeneralCheck, services: Sequence[ServiceManifest[Any]]) -> list[Finding]:
    findings: list[Finding] = []
    for service in services:
        async with connected(dsn, service.name) as db:
            findings += await _answered(check.name, check.ask(db, service.name))
    return list(dict.fromkeys(findings)) or [ok(check.well)]


async def _answered(what: str, asked: Awaitable[Sequence[Finding]]) -> Sequence[Finding]:
    try:
        return await asked
    except asyncpg.QueryCanceledError:
        return [not_looked_at(what, f"the answer took longer than {LONGEST_QUESTION_MS // 1000} s")]
    except (asyncpg.UndefinedTableError, asyncpg.UndefinedColumnError) as fault:
        return [broken(what, f"the schema is of another version ({fault}): run `huying migrate`")]
    except asyncpg.InsufficientPrivilegeError as fault:
        return [not_looked_at(what, f"{fault}: the user of DATABASE_URL may not read it")]


@asynccontextmanager
async def connected(dsn: str, service: str = "public") -> AsyncIterator[Connection]:
    """A connection with the rights of whoever asks, which sees the schema of a service by itself and no other."""
    settings = {"search_path": service, "statement_timeout": str(LONGEST_QUESTION_MS)}
    db = await asyncpg.connect(dsn, timeout=5, server_settings=settings)
    try:
        yield db
    finally:
        await db.close()


async def generations(dsn: str, cluster: str) -> Mapping[str, int]:
    """How often each service's reader began again with this cluster; nothing of a service where that cannot be read,
    which the checks of the database tell."""
    found = {}
    for service in manifests():
        try:
            async with connected(dsn, service.name) as db:
                found[service.name] = await known_generation(db, cluster)
        except (*PASSING, asyncpg.PostgresError):
            continue
    return found
