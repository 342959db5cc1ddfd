"""The command `huying`: the table of its subcommands, whose code is imported only when one is called."""

from collections.abc import Mapping
from importlib import import_module
from typing import Annotated, Any, Final

import typer
from typer.core import TyperCommand, TyperGroup

from deploy.local.state import Unusable

COMMANDS: Final[Mapping[str, tuple[str, str]]] = {
    "up": ("deploy.cli.up:up", "Start everything and run until Ctrl-C; the next start uses the same data."),
    "demo": (
        "deploy.cli.demo:demo",
        "Start everything, replay Nanhai 2021, print its report card, and serve the pages until Ctrl-C.",
    ),
    "run": ("deploy.cli.processes:run", "Run one process until SIGTERM. Exit code 78: its settings cannot be used."),
    "migrate": ("deploy.cli.migrating:migrate", "Bring every schema and the topics up to date."),
    "prepare": (
        "deploy.cli.preparing:prepare",
        "Do what `huying up` does before it starts processes: `settings`, `migrate` and `channel seed`, in this order.",
    ),
    "after-restore": (
        "deploy.cli.after_restore:after_restore",
        "Run once after the database was restored to an earlier moment, before any process starts.",
    ),
    "kafka": ("deploy.cli.kafka:kafka", "Start Apache Kafka and run until Ctrl-C; its data are kept."),
    "settings": (
        "deploy.cli.settings_listing:settings",
        "Check the settings of processes without starting them. Exit code 78: some of them would not start.",
    ),
    "doctor": (
        "deploy.cli.doctor:doctor",
        "Check the whole deployment. Exit code 0: all is well; 1: warnings, or something could not be checked;"
        " 2: something is broken.",
    ),
    "import": (
        "deploy.cli.importing:import_file",
        "Import a file. Exit code 0: all rows were taken or known; 1: some were refused; 2: nothing could be done.",
    ),
    "erase": (
        "deploy.cli.vault:erase",
        "Destroy the key of a demand's personal data, and its attachments, for good; the statistics stay.",
    ),
    "contracts": (
        "deploy.cli.contracts:contracts",
        "Compare the generated documents with the code, or write them; and the schemas with those last released.",
    ),
    "openapi": ("deploy.cli.openapi:openapi", "Print the OpenAPI 3.1 document of the HTTP API."),
    "pack": ("deploy.cli.pack:app", "Jurisdiction packs: everything local, as data."),
    "catalogue": ("deploy.cli.catalogue:app", "Versions of the dispatch catalogue."),
    "attachments": ("deploy.cli.attachments:app", "The files that citizens attached."),
    "channel": (
        "deploy.cli.channel_listing:app",
        "Front ends, their keys, and the scopes of the keys.",
    ),
    "vault": ("deploy.cli.vault:app", "The encryption keys of personal data."),
    "staff": (
        "deploy.cli.staff:app",
        "Tokens for staff (in addition to those of a sign-in service), and the list of units.",
    ),
    "suggest": (
        "deploy.cli.suggest:app",
        "A model that suggests categories, trained on this deployment's own routed demands.",
    ),
    "events": ("deploy.cli.events:app", "The facts that services publish, as they happen."),
    "reports": ("deploy.cli.reports:app", "The projections behind the figures."),
    "dead-letters": (
        "deploy.cli.dead_letters:app",
        "Records that could not be handled, the causes, and another try.",
    ),
    "notifications": (
        "deploy.cli.notifications:app",
        "Messages to citizens that are not sent, the causes, another try, and cancelling.",
    ),
    "webhooks": (
        "deploy.cli.webhooks:app",
        "The webhooks of other systems: list, test, redeliver, rotate secrets, disable and enable.",
    ),
    "open311": ("deploy.cli.open311:app", "Open311 GeoReport v2: examine a server."),
}
"""The module of each command, and its line in the list of commands, so that listing imports no command. A test compares
the lines with the commands' own docstrings."""


class Commands(TyperGroup):
    """A group whose commands are imported when they are called."""

    def list_commands(self, ctx: Any) -> list[str]:
        """The names of all commands."""
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """A placeholder with the help line, for the list of commands; None for an unknown name."""
        return TyperCommand(cmd_name, help=COMMANDS[cmd_name][1]) if cmd_name in COMMANDS else None

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Import and return the command that is called."""
        if args[0] not in COMMANDS:
            return super().resolve_command(ctx, args)
        return args[0], loaded(args[0]), args[1:]


def _line(docstring: str) -> str:
    """A module's docstring as help: without the name of its command, which stands beside it."""
    line = docstring.rpartition("`: ")[2]
    return line[:1].upper() + line[1:]


def loaded(name: str) -> Any:
    """Import a command."""
    module, _, attribute = COMMANDS[name][0].partition(":")
    app_or_function = getattr(import_module(module), attribute)
    if isinstance(app_or_function, typer.Typer):
        command: Any = typer.main.get_group(app_or_function)
        command.help = _line(command.help or "")
    else:
        single = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
        single.command(name)(app_or_function)
        command = typer.main.get_command(single)
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
        bool, typer.Option("--version", is_eager=True, callback=_version, help="print the version")
    ] = False,
) -> None:
    """Huying: from a citizen's demand to its answer, and the figures of both."""


class _FaultsInWords:
    """Ends the program with a message, not a stack trace, if a server or this machine cannot be used. The module that
    knows these faults is imported only then."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, _: object, fault: BaseException | None, trace: object) -> None:
        if isinstance(fault, Exception) and (words := _words_of(fault)):
            typer.echo(f"huying: {words}", err=True)
            raise SystemExit(2) from None


def _words_of(fault: Exception) -> str | None:
    if isinstance(fault, Unusable):
        return str(fault)
    from deploy.cli.faults import UNUSABLE, server_fault_message

    return server_fault_message(fault) if isinstance(fault, UNUSABLE) else None


def main() -> None:
    """The entry point of the package."""
    with _FaultsInWords():
        app()


if __name__ == "__main__":
    main()
