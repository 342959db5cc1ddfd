"""`huying dead-letters`: records that could not be handled, the causes, and another try."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.markup import escape

from deploy.cli.running import use_local_deployment
from deploy.cli.services import SERVICE_NAMES, manifest
from shared.chassis.base.settings import ProcessSettings, read
from shared.chassis.consumer import dead_letters
from shared.chassis.consumer.delivery import Delivery
from shared.chassis.database.pool import Pool, open_pool
from shared.contracts.refusals import Refused
from shared.contracts.text import printable

app = typer.Typer(no_args_is_help=True, help=__doc__)
console = Console(highlight=False)
TIME: Final = "%Y-%m-%d %H:%M:%S"
Reader = Annotated[str, typer.Argument(help="the service that could not handle it")]
LARGEST: Final = 2**63 - 1
"""The largest id that a table may have."""
Id = Annotated[int, typer.Argument(min=1, max=LARGEST, help="the id, as `list` shows it")]


@app.command("list")
def listed(
    after: Annotated[
        str, typer.Option(help="SERVICE/ID: only those after this one, as printed at the end of a list")
    ] = "",
    limit: Annotated[
        int, typer.Option(min=1, max=10_000, help="the most to list, the oldest of each service first")
    ] = 100,
) -> None:
    """List the waiting dead letters, one line each: service, id, time, place, cause; exit code 1 if there are any."""
    use_local_deployment("DATABASE_URL")
    letters = asyncio.run(_waiting(_after_ids(after), limit + 1))
    if not letters:
        console.print("no dead letters" if not after else f"no dead letters after {after}")
        return
    for service, letter in letters[:limit]:
        cause = printable(" ".join(letter.cause.split()))
        typer.echo(f"{service:<9} {letter.id:>6}  {letter.happened_at:{TIME}}  {letter.place}  {cause}")
    if len(letters) > limit:
        service, letter = letters[limit - 1]
        command = f"huying dead-letters list --limit {limit} --after {service}/{letter.id}"
        typer.echo(f"there are more: {command}")
    raise typer.Exit(1)


def _after_ids(after: str) -> dict[str, int]:
    """For each service with letters still to list, in order: the id after which its list continues."""
    if not after:
        return dict.fromkeys(SERVICE_NAMES, 0)
    name, _, id = after.partition("/")
    service = _service(name)
    if not id.isdecimal() or len(id) > len(str(LARGEST)) or int(id) > LARGEST:
        raise typer.BadParameter(f"{after!r} is not SERVICE/ID, such as {service}/12")
    return dict.fromkeys(SERVICE_NAMES[SERVICE_NAMES.index(service) :], 0) | {service: int(id)}


@app.command()
def show(reader: Reader, id: Id) -> None:
    """Show one dead letter with its headers and its value."""
    use_local_deployment("DATABASE_URL")
    letter = asyncio.run(_one(_service(reader), id))
    console.print(f"[bold]{escape(printable(letter.cause))}[/]\n{letter.place}, {letter.happened_at.isoformat()}")
    for name, value in letter.record.headers:
        console.print(f"  {printable(name)}: {_text(value)}", markup=False)
    console.print(_text(letter.record.value), markup=False)


def _text(raw: bytes | None) -> str:
    return "(null)" if raw is None else printable(raw.decode(errors="replace"))


@app.command()
def redrive(reader: Reader, id: Id) -> None:
    """Handle a dead letter again, after its cause was removed; facts that were parked after it follow."""
    use_local_deployment("DATABASE_URL")
    try:
        asyncio.run(_redrive(_service(reader), id))
    except Refused as refused:
        typer.echo(f"huying: still refused: {printable(str(refused))}", err=True)
        raise typer.Exit(1) from None
    console.print("handled")


def _service(name: str) -> str:
    if name not in SERVICE_NAMES:
        raise typer.BadParameter(f"{name!r} is not a service; use one of: {', '.join(SERVICE_NAMES)}")
    return name


@asynccontextmanager
async def _opened(service: str) -> AsyncIterator[Pool]:
    pool = await open_pool(read(ProcessSettings).database_url, service, size=2)
    try:
        yield pool
    finally:
        await pool.close()


async def _waiting(after_ids: Mapping[str, int], most: int) -> list[tuple[str, dead_letters.WaitingLetter]]:
    """At most so many letters, each with the service that could not handle it."""
    letters: list[tuple[str, dead_letters.WaitingLetter]] = []
    for service, id in after_ids.items():
        if len(letters) < most:
            async with _opened(service) as pool, pool.acquire() as db:
                letters += [(service, letter) for letter in await dead_letters.waiting(db, id, most - len(letters))]
    return letters


async def _one(service: str, id: int) -> dead_letters.DeadLetter:
    async with _opened(service) as pool, pool.acquire() as db:
        letter = await dead_letters.by_id(db, id)
    if letter is None:
        raise typer.BadParameter(f"{service} has no dead letter {id}; see `huying dead-letters list`")
    return letter


async def _redrive(service: str, id: int) -> None:
    letter = await _one(service, id)
    async with _opened(service) as pool:
        service_manifest = manifest(service)
        repositories = service_manifest.worker(read(service_manifest.settings), pool).repositories
        await Delivery(pool, repositories, letter.cluster_id).redrive(letter.record)
        async with pool.acquire() as db:
            await dead_letters.mark_redriven(db, id)
