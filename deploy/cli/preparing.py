"""`huying prepare`: what one start of everything needs before its processes, in one program that is loaded once."""

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
    """What `huying up` does before it starts processes: `settings`, `migrate` and `channel seed`, in this order."""
    settings(processes)
    migrate()
    seed(channels)
