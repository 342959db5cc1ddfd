"""`huying channel`: front ends and their keys."""

import asyncio
import json
from pathlib import Path
from typing import Annotated, Final

import typer

from deploy.local.state import write_private
from services.intake import channels
from services.intake.settings import IntakeSettings
from shared.chassis.database import open_pool
from shared.chassis.settings import read
from shared.contracts.facts import ChannelKind

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


def keys(file: Path) -> dict[str, str]:
    """The keys in a file that `seed` wrote."""
    return dict(json.loads(file.read_text("utf-8")))


async def _add(wanted: dict[str, ChannelKind], scopes: tuple[str, ...]) -> dict[str, str]:
    pool = await open_pool(read(IntakeSettings).database_url, "intake", size=1)
    try:
        return {name: await channels.add(pool, name, kind, name, scopes) for name, kind in wanted.items()}
    finally:
        await pool.close()
