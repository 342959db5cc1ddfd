"""Lets a command ask intake's database, of the deployment that runs here or of the one that the environment names."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import typer
from pydantic import ValidationError

from deploy.cli.running import environment_of_what_runs
from shared.chassis.base.settings import ProcessSettings, read
from shared.chassis.database.pool import PASSING, Pool, open_pool
from shared.contracts.refusals import Refused

T = TypeVar("T")


def on_what_runs(ask: Callable[[Pool], Awaitable[T]]) -> T:
    """What a question to the database is answered."""
    environment_of_what_runs("DATABASE_URL")

    async def asked() -> T:
        async with await open_pool(read(ProcessSettings).database_url, "intake", size=1) as pool:
            return await ask(pool)

    return asyncio.run(asked())


@contextmanager
def told() -> Iterator[None]:
    """Say in words what was refused, and exit 1."""
    try:
        yield
    except ValidationError as fault:
        wrong = [
            f"{'.'.join(map(str, error['loc']))}: {error['msg'].removeprefix('Value error, ')}"
            for error in fault.errors()
        ]
    except Refused as fault:
        wrong = [fault.en]
    except PASSING as fault:
        wrong = [f"the database does not answer: {fault}"]
    else:
        return
    for line in wrong:
        typer.echo(f"huying: {line}", err=True)
    raise typer.Exit(1)
