"""The command `huying`: every command, wired."""

import asyncio
import sys
from typing import Annotated

import typer

from deploy.cli import (
    attachments,
    channel_listing,
    channels,
    dead_letters,
    events,
    open311,
    pack,
    staff,
    suggest,
    vault,
)
from deploy.cli.contracts import contracts
from deploy.cli.demo import demo
from deploy.cli.doctor import doctor
from deploy.cli.faults import UNUSABLE, of_a_server
from deploy.cli.importing import import_file
from deploy.cli.kafka import kafka
from deploy.cli.openapi import openapi
from deploy.cli.processes import PROCESSES, SERVICES, Place
from deploy.cli.processes import run as run_process
from deploy.cli.up import up
from shared.chassis import broker
from shared.chassis.migrations import MigrationFailed
from shared.chassis.migrations import migrate as migrate_service
from shared.chassis.settings import read

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=__doc__)
app.add_typer(pack.app, name="pack")
app.add_typer(attachments.app, name="attachments")
channels.app.add_typer(channel_listing.app)
app.add_typer(channels.app, name="channel")
app.add_typer(vault.app, name="vault")
app.add_typer(staff.app, name="staff")
app.add_typer(suggest.app, name="suggest")
app.add_typer(events.app, name="events")
app.add_typer(dead_letters.app, name="dead-letters")
app.add_typer(open311.app, name="open311")
app.command()(up)
app.command()(demo)
app.command()(kafka)
app.command()(doctor)
app.command("import")(import_file)
app.command()(vault.erase)
app.command()(contracts)
app.command()(openapi)


@app.command()
def run(process: Annotated[str, typer.Argument(help=", ".join(sorted(PROCESSES)))]) -> None:
    """Run one process until SIGTERM."""
    if process not in PROCESSES:
        raise typer.BadParameter(f"{process!r} is no process; one of: {', '.join(sorted(PROCESSES))}")
    run_process(process)


@app.command()
def migrate() -> None:
    """Bring every schema and the topics up to date."""
    settings = read(Place)

    async def everything() -> None:
        for service in SERVICES:
            await migrate_service(settings.database_url, service.name, service.migrations)
        await broker.create_topics(settings.kafka_bootstrap_servers)

    try:
        asyncio.run(everything())
    except MigrationFailed as fault:
        typer.echo(f"huying: {fault}", err=True)
        raise typer.Exit(1) from None


def main() -> None:
    """The entry point of the package."""
    try:
        app()
    except UNUSABLE as fault:
        words = of_a_server(fault)
        if words is None:
            raise
        typer.echo(f"huying: {words}", err=True)
        sys.exit(2)


if __name__ == "__main__":
    main()
