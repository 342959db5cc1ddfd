"""Runs one process: starts its components, serves its health, and shuts it down in order."""

import asyncio
import gc
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from functools import partial
from importlib.metadata import version
from typing import Any, Final, NoReturn

import structlog
import uvloop
from fastapi import FastAPI

from shared.chassis.base import logs, metrics
from shared.chassis.base.checks import Check
from shared.chassis.base.settings import ProcessSettings
from shared.chassis.consumer.delivery import TooMuchPoison
from shared.chassis.consumer.lag import LagReading
from shared.chassis.http.app import measures, server, web_app
from shared.chassis.http.probe_headers import DEPLOYMENT, PROCESS
from shared.chassis.kafka import cluster
from shared.chassis.process import loop_delay
from shared.chassis.process.registration import ProcessCondition, Registering
from shared.chassis.tracing import spans

log = structlog.get_logger()
RESTART_ME: Final = 75
"""The exit code of a process that wants to be started again at once (EX_TEMPFAIL of sysexits)."""
POISONED: Final = 65
"""The exit code after too many dead letters in a row (EX_DATAERR of sysexits)."""
PATIENCE: Final = 10.0
"""Seconds for an orderly shutdown; after that the process ends anyway."""


@dataclass(slots=True)
class Components:
    """The parts of a process: what runs until the end, its readiness and liveness checks, what to close at the end."""

    running: list[Coroutine[Any, Any, None]] = field(default_factory=list)
    ready: list[Check] = field(default_factory=list)
    alive: list[Check] = field(default_factory=list)
    closing: list[Callable[[], Awaitable[None]]] = field(default_factory=list)
    reading: Callable[[], LagReading | None] | None = None
    """For a worker: returns the lag of its consumer, or None while it is unknown."""
    web: FastAPI | None = None
    port: int = 0


def _unregistered(_: ProcessCondition) -> Sequence[Coroutine[Any, Any, None]]:
    return ()


def main(
    name: str,
    settings: ProcessSettings,
    build: Callable[[], Awaitable[Components]],
    service: str | None = None,
    registering: Registering = _unregistered,
) -> None:
    """Run until SIGTERM or a fault; the exit code tells the supervisor the reason.

    `service`: the service of this process if it belongs to one alone. `registering`: makes the coroutines that keep
    the process registered in the table `process`.
    """
    metrics.PROCESS.labels(name, version("huying")).set(1)
    logs.set_up(name, settings.log_format, settings.log_level, service, [spans.name_in_line])
    uvloop.run(_run(name, settings, _traced(name, settings, build), registering))


def _traced(
    name: str, settings: ProcessSettings, build: Callable[[], Awaitable[Components]]
) -> Callable[[], Awaitable[Components]]:
    """Start to send traces if an endpoint is set; the returned function adds the last flush to the shutdown."""
    if not settings.otlp_endpoint:
        return build
    from shared.chassis.tracing.exporting import send_traces

    end = send_traces(settings, name, settings.instance)

    async def built() -> Components:
        parts = await build()
        parts.closing.append(partial(asyncio.to_thread, end))
        return parts

    return built


async def _run(
    name: str, settings: ProcessSettings, build: Callable[[], Awaitable[Components]], registering: Registering
) -> NoReturn:
    stop = asyncio.create_task(_asked_to_end())
    health = Components(ready=[_starting(settings)])
    condition = ProcessCondition(health.ready, health.alive)
    registered = [asyncio.create_task(part) for part in registering(condition)]
    servers = _health(name, settings, health)
    serving = [asyncio.create_task(web_server.serve()) for web_server in servers]
    building = asyncio.create_task(_built(build))
    parts = Components()
    tasks: list[asyncio.Task[Any]] = [building]
    done, _ = await asyncio.wait([stop, building, *serving], return_when=asyncio.FIRST_COMPLETED)
    if building in done:
        parts = _unwrapped(building.result())
        health.ready[:], health.alive[:], condition.reading = parts.ready, parts.alive, parts.reading
        settle()
        if parts.web:
            servers.append(server(parts.web, settings.host, parts.port))
            serving.append(asyncio.create_task(servers[-1].serve()))
        tasks = [asyncio.create_task(part) for part in (*parts.running, loop_delay.measure())]
        log.info("started")
        done, _ = await asyncio.wait([stop, *tasks, *serving], return_when=asyncio.FIRST_COMPLETED)
    code = 0 if stop in done else _verdict(done)
    for web_server in servers:
        web_server.should_exit = True
    stop.cancel()
    await _within_patience(_end(parts, [*registered, *tasks], serving))
    _leave(code)


async def _built(build: Callable[[], Awaitable[Components]]) -> Components | SystemExit:
    """The components, or the `SystemExit` of a wrong setting: raised inside a task, it would break the event loop."""
    try:
        return await build()
    except SystemExit as wrong_setting:
        return wrong_setting


def _unwrapped(built: Components | SystemExit) -> Components:
    if isinstance(built, SystemExit):
        raise built
    return built


async def _asked_to_end() -> None:
    """Wait for SIGTERM or Ctrl-C."""
    stopping = asyncio.Event()
    for sign in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(sign, stopping.set)
    await stopping.wait()


def _starting(settings: ProcessSettings) -> Check:
    async def check() -> str:
        return f"starting; a worker waits for the broker at {settings.kafka_bootstrap_servers}"

    return check


def _health(name: str, settings: ProcessSettings, parts: Components) -> list[Any]:
    """The health server. It answers from the start; `parts` gets its checks when the components are built."""
    if not settings.health_port:
        return []
    headers = {PROCESS: name} | ({DEPLOYMENT: settings.deployment} if settings.deployment else {})
    web = web_app("health", [measures()], parts.ready, parts.alive, headers=headers)
    return [server(web, settings.host, settings.health_port)]


async def _within_patience(ending: Coroutine[Any, Any, None]) -> None:
    task = asyncio.create_task(ending)
    _, unfinished = await asyncio.wait([task], timeout=PATIENCE)
    if unfinished:
        # A Kafka client may ignore its cancellation while the broker is away. All durable state is in the database.
        log.warning("stopped at once, without waiting for running work")
    else:
        task.result()


def _leave(code: int) -> NoReturn:
    """Exit at once. A normal exit of the loop waits for all tasks and threads, and Faust leaves some behind if it is
    stopped while it starts."""
    log.info("stopped", code=code)
    sys.stdout.flush()
    os._exit(code)


def settle() -> None:
    """Exclude the objects loaded at the start from garbage collection, so that later collections are cheaper."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


async def _end(
    parts: Components, tasks: Sequence["asyncio.Task[Any]"], serving: Sequence["asyncio.Task[None]"]
) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, *serving, return_exceptions=True)
    for close in parts.closing:
        await close()


def _verdict(ended: set["asyncio.Task[Any]"]) -> int:
    """The exit code for the component that ended by itself; logs the cause."""
    for task in ended:
        match task.exception():
            case cluster.BrokerReplaced() as fault:
                log.warning("restarting", cause=str(fault))
                return RESTART_ME
            case TooMuchPoison():
                return POISONED
            case None:
                log.error("a component of the process ended unexpectedly")
            case fault:
                log.error("a component of the process failed", cause=repr(fault), exc_info=fault)
    return 1
