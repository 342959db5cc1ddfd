"""`huying settings`: reports all mistakes in the settings of processes at once."""

from typing import Annotated

import typer

from deploy.cli.processes import known, wrong_settings
from deploy.cli.processes import processes as every_process
from deploy.cli.running import warn_of_unknown_settings
from shared.chassis.base.settings import WRONG


def settings(
    processes: Annotated[list[str] | None, typer.Argument(help="the processes to check; none: all")] = None,
) -> None:
    """Check the settings of processes without starting them. Exit code 78: some of them would not start."""
    names = [known(name) for name in processes or every_process()]
    warn_of_unknown_settings()
    errors = wrong_settings(names)
    for line in errors:
        typer.echo(f"huying: {line}", err=True)
    if errors:
        raise typer.Exit(WRONG)
    typer.echo(f"settings of {', '.join(names)}: nothing is missing or wrong")
