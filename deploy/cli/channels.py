"""`huying channel`: front ends and their keys."""

import asyncio
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final

import typer
from pydantic import ValidationError

from deploy.cli.running import environment_of_what_runs
from deploy.local.state import write_private
from services.intake import channels
from services.intake.app import vault
from services.intake.registry import ChannelSettings, Registry
from services.intake.settings import IntakeSettings
from shared.chassis.database import open_pool
from shared.chassis.settings import read
from shared.contracts.facts import ChannelKind
from shared.contracts.refusals import Code, Refused
from shared.jurisdiction.loader import load_packs

app = typer.Typer(no_args_is_help=True, help=__doc__)
_SUBMIT: Final = ("submit",)
_IMPORT: Final = ("import", "submit", "read-all")


@app.command()
def add(
    name: Annotated[str, typer.Argument(help="the channel's id, such as wechat-main")],
    kind: Annotated[ChannelKind, typer.Option(help="what kind of front end it is")],
    may_import: Annotated[bool, typer.Option("--import", help="may hand over recorded history")] = False,
) -> None:
    """Add a channel, or give a known one a new key; the key is shown this once."""
    (key,) = asyncio.run(_add({name: kind}, _IMPORT if may_import else _SUBMIT)).values()
    typer.echo(key)


@app.command()
def seed(
    file: Annotated[Path, typer.Option(help="where the keys are kept, readable by its owner alone")],
) -> None:
    """Make a channel of every kind and one for imports, unless the file is there already."""
    if file.exists():
        return
    keys = asyncio.run(_add({kind.value: kind for kind in ChannelKind}, _SUBMIT))
    keys |= asyncio.run(_add({"import": ChannelKind.PARTNER}, _IMPORT))
    write_private(file, keys)


@app.command("set")
def change(
    name: Annotated[str, typer.Argument(help="the channel's id")],
    values: Annotated[
        list[str] | None, typer.Argument(help="NAME=VALUE; `-` asks for the value, nothing forgets it; none: show")
    ] = None,
) -> None:
    """Tell how a channel's gateway speaks: its default division, WeChat account, SMS parameters, mailbox."""
    environment_of_what_runs()
    changes = dict(_change(value) for value in values or ())
    try:
        settings = asyncio.run(_put(name, changes))
    except ValidationError as fault:
        for error in fault.errors():
            typer.echo(f"huying: {'.'.join(map(str, error['loc']))}: {error['msg']}", err=True)
        raise typer.Exit(1) from None
    except Refused as fault:
        typer.echo(f"huying: {fault.en}", err=True)
        raise typer.Exit(1) from None
    typer.echo(settings.model_dump_json(indent=2, exclude_none=True))


def _change(told: str) -> tuple[str, str | None]:
    name, equals, value = told.partition("=")
    if not equals:
        raise typer.BadParameter(f"{told!r} is no NAME=VALUE; names: {', '.join(ChannelSettings.model_fields)}")
    if value == "-":
        value = typer.prompt(name, hide_input=True) if sys.stdin.isatty() else sys.stdin.readline().strip()
    return name, value or None


async def _put(name: str, changes: Mapping[str, str | None]) -> ChannelSettings:
    settings = read(IntakeSettings)
    division = changes.get("division")
    packs = load_packs(settings.jurisdictions_dir, settings.jurisdictions.split(","))
    if division and packs.of_division(division) is None:
        raise Refused(Code.INVALID, f"division: no pack has {division!r}; `huying pack check DIR` lists what it has")
    pool = await open_pool(settings.database_url, "intake", size=1)
    try:
        return await Registry(pool, vault(settings)).put(name, changes)
    finally:
        await pool.close()


def keys(file: Path) -> dict[str, str]:
    """The keys in a file that `seed` wrote."""
    return dict(json.loads(file.read_text("utf-8")))


async def _add(wanted: dict[str, ChannelKind], scopes: tuple[str, ...]) -> dict[str, str]:
    pool = await open_pool(read(IntakeSettings).database_url, "intake", size=1)
    try:
        return {name: await channels.add(pool, name, kind, name, scopes) for name, kind in wanted.items()}
    finally:
        await pool.close()
