"""`huying prepare`: all steps before the processes of a deployment start, in one program to save start-up time."""

from pathlib import Path
from typing import Annotated

import typer

from deploy.cli.channels import seed
from deploy.cli.migrating import migrate
from deploy.cli.settings_listing import settings


def prepare(
    processes: Annotated[list[str], typer.Argument(help="the processes to start")],
    channels: Annotated[
        Path, typer.Option(help="file in which the keys of channels are stored; only its owner can read it")
    ],
) -> None:
    """Do what `huying up` does before it starts processes: `settings`, `migrate` and `channel seed`, in this order."""
    settings(processes)
    migrate()
    seed(channels)
