"""`huying prepare`: all steps before the processes of a deployment start, in one program to save start-up time."""

from pathlib import Path
from typing import Annotated

import typer

from deploy.cli.channels import seed
from deploy.cli.migrating import migrate
from deploy.cli.settings_listing import settings


def prepare(
    processes: Annotated[list[str], typer.Argument(help="those that are to be started")],
    channels: Annotated[Path, typer.Option(help="where the keys of channels are kept, readable by its owner alone")],
) -> None:
    """Do what `huying up` does before it starts processes: `settings`, `migrate` and `channel seed`, in this order."""
    settings(processes)
    migrate()
    seed(channels)
