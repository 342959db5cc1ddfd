"""The command `huying`: where the code of every command is; loaded when it is called, for a worker needs little."""

import sys
from collections.abc import Mapping
from importlib import import_module
from typing import Annotated, Any, Final

import typer
from typer.core import TyperGroup

from deploy.cli.faults import UNUSABLE, of_a_server
from deploy.local.state import Unusable

COMMANDS: Final[Mapping[str, str]] = {
    "up": "deploy.cli.up:up",
    "demo": "deploy.cli.demo:demo",
    "run": "deploy.cli.processes:run",
    "migrate": "deploy.cli.migrating:migrate",
    "kafka": "deploy.cli.kafka:kafka",
    "settings": "deploy.cli.settings_listing:settings",
    "doctor": "deploy.cli.doctor:doctor",
    "import": "deploy.cli.importing:import_file",
    "erase": "deploy.cli.vault:erase",
    "contracts": "deploy.cli.contracts:contracts",
    "openapi": "deploy.cli.openapi:openapi",
    "pack": "deploy.cli.pack:app",
    "attachments": "deploy.cli.attachments:app",
    "channel": "deploy.cli.channel_listing:app",
    "vault": "deploy.cli.vault:app",
    "staff": "deploy.cli.staff:app",
    "suggest": "deploy.cli.suggest:app",
    "events": "deploy.cli.events:app",
    "reports": "deploy.cli.reports:app",
    "dead-letters": "deploy.cli.dead_letters:app",
    "open311": "deploy.cli.open311:app",
}


class Commands(TyperGroup):
    """A group whose commands are imported by name."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Every command."""
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The one that is called; None where there is none of this name."""
        return _loaded(cmd_name) if cmd_name in COMMANDS else None


def _loaded(name: str) -> Any:
    module, _, attribute = COMMANDS[name].partition(":")
    found = getattr(import_module(module), attribute)
    if isinstance(found, typer.Typer):
        command: Any = typer.main.get_group(found)
    else:
        alone = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
        alone.command(name)(found)
        command = typer.main.get_command(alone)
    command.name = name
    return command


app = typer.Typer(cls=Commands, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"huying {version('huying')}")
        raise typer.Exit


@app.callback()
def _group(
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_version, help="which one this is")
    ] = False,
) -> None:
    """Huying: from a citizen's demand to its answer, and the figures of both."""


def main() -> None:
    """The entry point of the package."""
    try:
        app()
    except Unusable as fault:
        typer.echo(f"huying: {fault}", err=True)
        sys.exit(2)
    except UNUSABLE as fault:
        words = of_a_server(fault)
        if words is None:
            raise
        typer.echo(f"huying: {words}", err=True)
        sys.exit(2)


if __name__ == "__main__":
    main()
