"""One process: runs its parts side by side, tells its health, and ends in order."""

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
from shared.chassis.consumer.lag import Reading
from shared.chassis.http.app import measures, server, web_app
from shared.chassis.http.probe_headers import DEPLOYMENT, PROCESS
from shared.chassis.kafka import cluster
from shared.chassis.process import loop_delay
from shared.chassis.process.registration import Condition, Registering
from shared.chassis.tracing import spans

log = structlog.get_logger()
RESTART_ME: Final = 75
POISONED: Final = 65
PATIENCE: Final = 10.0


@dataclass(slots=True)
class Components:
    """What a process is made of."""

    running: list[Coroutine[Any, Any, None]] = field(default_factory=list)
    ready: list[Check] = field(default_factory=list)
    alive: list[Check] = field(default_factory=list)
    closing: list[Callable[[], Awaitable[None]]] = field(default_factory=list)
    reading: Callable[[], Reading | None] | None = None
    """Of a reader: how far it is behind; None while nobody knows."""
    web: FastAPI | None = None
    port: int = 0


def _unregistered(_: Condition) -> Sequence[Coroutine[Any, Any, None]]:
    return ()


def main(
    name: str,
    settings: ProcessSettings,
    build: Callable[[], Awaitable[Components]],
    service: str | None = None,
    registering: Registering = _unregistered,
) -> None:
    """Run until SIGTERM or a fault; the exit code tells the supervisor which. `service`: whose process it is alone;
    `registering`: what says where people look that it runs."""
    metrics.PROCESS.labels(name, version("huying")).set(1)
    logs.set_up(name, settings.log_format, settings.log_level, service, [spans.name_in_line])
    uvloop.run(_run(name, settings, _traced(name, settings, build), registering))


def _traced(
    name: str, settings: ProcessSettings, build: Callable[[], Awaitable[Components]]
) -> Callable[[], Awaitable[Components]]:
    """Send traces from now on, where an endpoint is set, and the last ones when the process ends."""
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
    condition = Condition(health.ready, health.alive)
    registered = [asyncio.create_task(part) for part in registering(condition)]
    servers = _health(name, settings, health)
    serving = [asyncio.create_task(one.serve()) for one in servers]
    building = asyncio.create_task(_built(build))
    parts = Components()
    tasks: list[asyncio.Task[Any]] = [building]
    done, _ = await asyncio.wait([stop, building, *serving], return_when=asyncio.FIRST_COMPLETED)
    if building in done:
        parts = _whole(building.result())
        health.ready[:], health.alive[:], condition.reading = parts.ready, parts.alive, parts.reading
        settle()
        if parts.web:
            servers.append(server(parts.web, settings.host, parts.port))
            serving.append(asyncio.create_task(servers[-1].serve()))
        tasks = [asyncio.create_task(part) for part in (*parts.running, loop_delay.measure())]
        log.info("started")
        done, _ = await asyncio.wait([stop, *tasks, *serving], return_when=asyncio.FIRST_COMPLETED)
    code = 0 if stop in done else _verdict(done)
    for one in servers:
        one.should_exit = True
    stop.cancel()
    await _within_patience(_end(parts, [*registered, *tasks], serving))
    _leave(code)


async def _built(build: Callable[[], Awaitable[Components]]) -> Components | SystemExit:
    """A wrong setting ends the process with a code of its own; a task would let it burst the loop."""
    try:
        return await build()
    except SystemExit as wrong:
        return wrong


def _whole(found: Components | SystemExit) -> Components:
    if isinstance(found, SystemExit):
        raise found
    return found


async def _asked_to_end() -> None:
    """Return at SIGTERM or Ctrl-C."""
    stopping = asyncio.Event()
    for sign in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(sign, stopping.set)
    await stopping.wait()


def _starting(settings: ProcessSettings) -> Check:
    async def check() -> str:
        return f"starting; a worker waits for the broker at {settings.kafka_bootstrap_servers}"

    return check


def _health(name: str, settings: ProcessSettings, parts: Components) -> list[Any]:
    """Answers from the first moment on, with whatever checks there are by then."""
    if not settings.health_port:
        return []
    named = {PROCESS: name} | ({DEPLOYMENT: settings.deployment} if settings.deployment else {})
    web = web_app("health", [measures()], parts.ready, parts.alive, named=named)
    return [server(web, settings.host, settings.health_port)]


async def _within_patience(ending: Coroutine[Any, Any, None]) -> None:
    task = asyncio.create_task(ending)
    _, unfinished = await asyncio.wait([task], timeout=PATIENCE)
    if unfinished:
        # A client may wait for a broker that is gone, deaf to cancellation. All that counts is in the database.
        log.warning("stopped without waiting any longer")
    else:
        task.result()


def _leave(code: int) -> NoReturn:
    """End at once: the loop's own way out waits for tasks and threads without end, and Faust leaves some of both behind
    when it is stopped while it starts."""
    log.info("stopped", code=code)
    sys.stdout.flush()
    os._exit(code)


def settle() -> None:
    """Leave what was loaded at start out of garbage collection; each batch would walk over it in vain."""
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


def _verdict(done: set["asyncio.Task[Any]"]) -> int:
    """Why a part ended by itself, as an exit code."""
    for task in done:
        match task.exception():
            case cluster.BrokerReplaced() as fault:
                log.warning("restarting", cause=str(fault))
                return RESTART_ME
            case TooMuchPoison():
                return POISONED
            case None:
                log.error("a part ended by itself")
            case fault:
                log.error("a part failed", cause=repr(fault), exc_info=fault)
    return 1
