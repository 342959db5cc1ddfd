"""Looks at processes: whether they are there, are alive (`/livez`) and can work (`/readyz`)."""

import asyncio
import os
from collections.abc import Mapping, Sequence

import httpx

from deploy.cli.processes import GATEWAY
from deploy.cli.services import manifests
from deploy.local.health import TIMEOUT, Health
from deploy.local.state import Runtime
from shared.chassis.base.findings import Finding, broken, not_looked_at, ok, warning
from shared.chassis.http.probe_headers import PROCESS


def wanted() -> Mapping[str, Sequence[str]]:
    """What a whole deployment has, and the processes of which one does it."""
    services = manifests()
    apis = (GATEWAY, *(f"{service.name}-api" for service in services))
    listeners = [f"{service.name}-{service.listener.suffix}" for service in services]
    return {"the API": apis, **{name: (name,) for name in listeners}}


async def of_the_deployment(runtime: Runtime) -> list[Finding]:
    """Every process that `make up` started here, and the pages."""
    findings = await asyncio.gather(*(_child(runtime, name, pid) for name, pid in runtime.pids.items()))
    pages = await _asked(f"pages at {runtime.url}", Health(runtime.url, runtime.deployment), runtime.log_dir)
    return [*findings, pages, *restarts(runtime)]


async def _child(runtime: Runtime, name: str, pid: int) -> Finding:
    what = f"process {name}, pid {pid}"
    if name in runtime.given_up:
        return broken(f"process {name}", runtime.given_up[name])
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return broken(what, f"is gone; look into {runtime.log_dir}/{name}.log, then `make up` again")
    except PermissionError:
        pass
    if name not in runtime.health:
        return ok(f"{what} is there")
    return await _asked(what, Health(runtime.health[name], runtime.deployment), f"{runtime.log_dir}/{name}.log")


async def _asked(what: str, health: Health, log: str) -> Finding:
    for path in ("/livez", "/readyz"):
        if wrong := await health.wrong(path):
            return broken(what, f"{wrong}; look into {log}")
    return ok(f"{what} is alive and ready")


def restarts(runtime: Runtime) -> list[Finding]:
    """What was started again since `make up`."""
    return [
        warning(
            f"process {name}",
            f"was started again ({count} in all) since `make up`, last at {at}, because {why}",
        )
        for name, (at, count, why) in runtime.restarts.items()
    ]


async def at(urls: Sequence[str]) -> list[Finding]:
    """Processes that somebody started by themselves, where `--health` says; and those that nobody named."""
    names = [await _name_of(url) for url in urls]
    findings = [
        await _asked(f"process {name or 'without a name'} at {url}", Health(url.rstrip("/")), "its log")
        for url, name in zip(urls, names, strict=True)
    ]
    return findings + [not_named(role, names) for role, able in wanted().items() if not set(able) & set(names)]


def not_named(role: str, names: Sequence[str]) -> Finding:
    """A part of the loop that is somewhere, or nowhere."""
    why = "nothing was started by `make up` here" if not names else "no --health was given for it"
    return not_looked_at(f"process {role}", f"{why}; give --health http://HOST:HUYING_HEALTH_PORT for each process")


async def _name_of(url: str) -> str:
    try:
        async with httpx.AsyncClient(timeout=TIMEOUT, trust_env=False) as client:
            return str((await client.get(f"{url.rstrip('/')}/livez")).headers.get(PROCESS, ""))
    except (httpx.HTTPError, httpx.InvalidURL):
        return ""
