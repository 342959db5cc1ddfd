"""Lets a command query a service's database: that of the environment, else of the deployment that runs here."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import typer
from pydantic import ValidationError

from deploy.cli.running import use_local_deployment
from shared.chassis.base.settings import ProcessSettings, read
from shared.chassis.database.pool import PASSING, Connection, Pool, open_pool
from shared.contracts.refusals import Refused
from shared.contracts.text import printable

T = TypeVar("T")


def with_pool(ask: Callable[[Pool], Awaitable[T]], service: str = "intake") -> T:
    """Call `ask` with a pool in the role of a service; returns its result."""
    use_local_deployment("DATABASE_URL")

    async def run() -> T:
        async with await open_pool(read(ProcessSettings).database_url, service, size=1) as pool:
            return await ask(pool)

    return asyncio.run(run())


def with_connection(ask: Callable[[Connection], Awaitable[T]], service: str) -> T:
    """Call `ask` with one connection in the role of a service; returns its result."""

    async def ask_one(pool: Pool) -> T:
        async with pool.acquire() as db:
            return await ask(db)

    return with_pool(ask_one, service)


@contextmanager
def exit_on_refusal() -> Iterator[None]:
    """Print refusals and invalid input as messages, and exit with code 1."""
    try:
        yield
    except ValidationError as fault:
        errors = [
            f"{'.'.join(map(str, error['loc']))}: {error['msg'].removeprefix('Value error, ')}"
            for error in fault.errors()
        ]
    except Refused as fault:
        errors = [fault.en]
    except PASSING as fault:
        errors = [f"the database does not answer: {fault}"]
    else:
        return
    for line in errors:
        typer.echo(f"huying: {printable(line)}", err=True)
    raise typer.Exit(1)
