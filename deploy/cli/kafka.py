"""`huying kafka`: a local single-node Apache Kafka."""

import asyncio
from typing import Annotated

import typer

from deploy.cli.up import until_ctrl_c, until_stopped
from deploy.local.kafka import ApacheKafka
from deploy.local.ports import free_port, why_not
from deploy.local.process import ManagedProcess
from deploy.local.state import Unusable, prepare, state_dir
from deploy.local.supervisor import Supervisor
from deploy.local.uninterrupted import uninterrupted


def kafka(port: Annotated[int, typer.Option(min=0, max=65535)] = 9092) -> None:
    """Start Apache Kafka and run until Ctrl-C; its data are kept."""
    try:
        asyncio.run(until_stopped(_kafka(port)))
    except (Unusable, OSError) as fault:
        typer.echo(f"huying: {fault}", err=True)
        raise typer.Exit(1) from None


async def _kafka(port: int) -> None:
    directory = prepare(state_dir())
    server = ApacheKafka(directory, free_port(port))
    if port and server.port != port:
        typer.echo(f"{why_not(port) or f'port {port} was taken'}: taking {server.port}", err=True)
    child = ManagedProcess(server.program, directory / "logs" / "broker.log")
    keeper = Supervisor(child, before=server.prepare, after=server.ready, ended=server.ended, alive=server.alive)
    await keeper.start()
    try:
        typer.echo(f"Apache Kafka runs: KAFKA_BOOTSTRAP_SERVERS={server.bootstrap}   (Ctrl-C stops it)")
        await until_ctrl_c()
    finally:
        await uninterrupted(keeper.stop())
