"""`huying up`: everything on this machine, until Ctrl-C."""

import asyncio
import contextlib
import math
import os
import signal
import sys
from collections.abc import Coroutine
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.panel import Panel

from deploy.cli.running import warn_of_unknown_settings
from deploy.local.deployment import Options, Running, deployed
from deploy.local.kafka import ApacheKafka
from deploy.local.noida import EmbeddedBroker
from deploy.local.state import Unusable, state_dir
from deploy.scenarios.desk import WaitingDemand

console = Console(stderr=False, highlight=False)
SAME_PRESS: Final = 0.5
"""Seconds within which further signals belong to the same Ctrl-C: a child that is being forked may pass on its copy."""
BROKERS = (EmbeddedBroker.kind, ApacheKafka.kind)
PORT_HELP = "preferred port of the pages and the API; another one is used if it is busy"
Port = Annotated[int, typer.Option(envvar="HUYING_PORT", min=0, max=65535, help=PORT_HELP)]
Broker = Annotated[str, typer.Option(envvar="HUYING_BROKER", help=" or ".join(BROKERS))]


def up(
    port: Port = 8080,
    broker: Broker = EmbeddedBroker.kind,
) -> None:
    """Start everything and run until Ctrl-C; the next start uses the same data."""
    warn_of_unknown_settings()
    try:
        asyncio.run(until_stopped(_up(options(port, broker))))
    except (Unusable, OSError) as fault:
        typer.echo(f"huying: {fault}", err=True)
        raise typer.Exit(1) from None


def options(port: int, broker: str) -> Options:
    """The options of the deployment, from the command line and the environment."""
    if broker not in BROKERS:
        raise typer.BadParameter(f"--broker is {' or '.join(BROKERS)}, not {broker!r}")
    return Options(
        directory=state_dir(),
        port=port,
        broker=broker,
        database_url=os.environ.get("DATABASE_URL") or None,
        bootstrap=os.environ.get("KAFKA_BOOTSTRAP_SERVERS") or None,
        echo=_echo,
    )


async def until_stopped(work: Coroutine[None, None, None]) -> None:
    """Run the work until it ends; Ctrl-C or SIGTERM cancels it at any point, also during a start. A second Ctrl-C
    says that it still stops, since what is cut short may be missing at the next start; a third one ends this process
    at once."""
    doing = asyncio.ensure_future(work)
    loop = asyncio.get_running_loop()
    presses, last = 0, -math.inf

    def asked() -> None:
        nonlocal presses, last
        if loop.time() < last + SAME_PRESS:
            return
        presses, last = presses + 1, loop.time()
        if presses == 1:
            console.print("huying: stopping …")
            doing.cancel()
        elif presses == 2:
            console.print("huying: still stopping, so that nothing is lost; Ctrl-C once more stops at once")
        else:
            console.print("huying: stopping at once")
            os._exit(130)

    for sign in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(sign, asked)
    with contextlib.suppress(asyncio.CancelledError):
        await doing
    console.print("huying: stopped")


async def until_ctrl_c() -> None:
    """Wait until `until_stopped` cancels the work."""
    await asyncio.Event().wait()


async def _up(wanted: Options) -> None:
    console.print("huying: starting …")
    async with deployed(wanted) as running:
        console.print(banner(running))
        await until_ctrl_c()


def banner(running: Running, waiting: WaitingDemand | None = None) -> Panel:
    """The addresses and folders of a deployment, the promise of its broker, and a demand to try by hand if any."""
    directory, wanted = running.options.directory, running.options.port
    moved = wanted and not running.url.endswith(f":{wanted}")
    port_line = f"[bold]port[/]       {wanted} {_why_moved(wanted)}: see the addresses above"
    inbox = f"[bold]messages[/]   {running.url}/inbox (messages to citizens; nothing is really sent)"
    lines = (
        f"[bold]portal[/]     {running.url}/ (citizens raise and follow demands)",
        f"[bold]board[/]      {running.url}/board",
        f"[bold]desk[/]       {running.url}/desk{_who_signs_in(running)}",
        *([inbox] if running.has_inbox else []),
        f"[bold]API[/]        {running.url}/docs",
        *([port_line] if moved else []),
        f"[bold]keys[/]       {directory}/channels.json",
        f"[bold]database[/]   {'your own' if running.options.database_url else 'embedded PostgreSQL'}",
        f"[bold]broker[/]     {running.promise}",
        f"[bold]data[/]       {directory}",
        f"[bold]logs[/]       {directory}/logs",
        *(_to_try(running, waiting) if waiting else _to_begin(running)),
        "",
        "Ctrl-C stops everything; the next start uses the same data.",
    )
    return Panel("\n".join(lines), title="Huying 呼应", expand=False)


def _to_begin(running: Running) -> list[str]:
    """Which page to open next where nothing has happened yet."""
    messages = f"; messages to the citizen appear at {running.url}/inbox" if running.has_inbox else ""
    return ["", f"[bold]Open next 先打开[/]: {running.url}/raise (raise a demand 提诉求){messages}"]


def _to_try(running: Running, waiting: WaitingDemand) -> list[str]:
    """How a citizen's verdict comes back to the desk, in three steps."""
    signs_in = f", sign in as {waiting.clerk}" if running.has_demo_staff else ""
    return [
        "",
        "[bold]Try it by hand 动手试一试[/]: you are the citizen and have an answer.",
        f"  1. {running.url}/follow",
        f"     number 编号 [bold]{waiting.number}[/]",
        f"     code 查询码 [bold]{waiting.code}[/]",
        "  2. press 评价办理结果, choose 未解决 (not solved), say why, send",
        f"  3. {running.url}/desk{signs_in}:",
        "     it is back in the list (第2次办理); open it and read your words",
        *([f"  Messages meanwhile: {running.url}/inbox"] if running.has_inbox else []),
    ]


def _who_signs_in(running: Running) -> str:
    return " (sign in as made-up people of every role)" if running.has_demo_staff else ""


def _why_moved(port: int) -> str:
    return "is only for root" if port < 1024 and os.geteuid() else "is taken by another program"


def _echo(name: str, line: str) -> None:
    if " info " not in line.lower() and "[info" not in line:
        sys.stdout.write(f"{name:20} {line}\n")
        sys.stdout.flush()
