"""`huying channel`: front ends, their keys, and the scopes of the keys."""

import json
import sys
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Final

import typer

from deploy.cli.service_database import exit_on_refusal, with_pool
from deploy.local.state import write_private
from services.intake.assembled import vault
from services.intake.channels import key_queries
from services.intake.channels import keys as channels
from services.intake.channels.embed_queries import EmbedRow
from services.intake.channels.embedding import Embeds
from services.intake.channels.gateway_settings import ChannelSettings, GatewayRegistry
from services.intake.channels.keys import Scope
from services.intake.settings import IntakeSettings
from shared.chassis.base.settings import read
from shared.chassis.database.pool import Pool
from shared.contracts.demand.facts import ChannelKind
from shared.contracts.refusals import Code, Refused
from shared.jurisdiction.loader import packs_of

app = typer.Typer(no_args_is_help=True, help=__doc__)
Name = Annotated[str, typer.Argument(help="the channel's id, such as wechat-main")]
_SUBMIT: Final = (Scope.SUBMIT,)
_IMPORT: Final = (Scope.IMPORT, Scope.SUBMIT, Scope.READ_ALL)


@app.command()
def add(
    name: Name,
    kind: Annotated[ChannelKind, typer.Option(help="the kind of the channel")],
    may_import: Annotated[
        bool, typer.Option("--import", help="the channel may import history and read all demands")
    ] = False,
    scope: Annotated[list[Scope] | None, typer.Option(help="what the key may be used for; default: `submit`")] = None,
) -> None:
    """Add a channel; its key is shown only now."""
    scopes = tuple(scope or (_IMPORT if may_import else _SUBMIT))

    async def fresh(pool: Pool) -> str:
        async with pool.acquire() as db:
            exists = await key_queries.is_active(db, name)
        if exists:
            advice = f"`huying channel rotate {name}` gives it a new key"
            raise Refused(Code.CONFLICT, f"there is a channel {name!r} already; {advice}")
        return await channels.add(pool, name, kind, name, scopes)

    with exit_on_refusal():
        typer.echo(with_pool(fresh))


@app.command()
def rotate(
    name: Name,
    grace: Annotated[float, typer.Option(min=0, max=24 * 90, help="hours for which the present key stays valid")] = 0,
) -> None:
    """Give a channel a new key, shown only now; the present key is valid for the grace period, older keys are not."""
    with exit_on_refusal():
        key = with_pool(lambda pool: channels.rotate(pool, name, timedelta(hours=grace)))
    before = f"is valid for {grace:g} more hours" if grace else "is refused from now on"
    typer.echo(f"the key before {before}; the new key:", err=True)
    typer.echo(key)


@app.command()
def revoke(name: Name) -> None:
    """Revoke all keys of a channel from its next request on; `add` makes it usable again, with a new key."""
    with exit_on_refusal():
        with_pool(lambda pool: channels.revoke(pool, name))
    typer.echo(f"every key of {name} is revoked")


@app.command()
def embed(
    name: Name,
    origin: Annotated[
        list[str] | None, typer.Option(help="a site that may embed the forms, such as https://school.example")
    ] = None,
    stop: Annotated[bool, typer.Option("--stop", help="do not let any site embed the forms any more")] = False,
) -> None:
    """Let other sites embed a channel's forms; the origins replace the earlier ones. Without origins: show them."""

    async def change(pool: Pool) -> EmbedRow | None:
        embeds = Embeds(pool)
        if stop:
            await embeds.stop(name)
            return None
        return await (embeds.allow(name, origin) if origin else embeds.of_channel(name))

    with exit_on_refusal():
        embed = with_pool(change)
    if embed is not None:
        url = read(IntakeSettings).public_url
        typer.echo(f"{embed.key} {' '.join(embed.origins)}")
        typer.echo(f'<script type="module" src="{url}/embed/v1.js"></script>')
        typer.echo(f'<huying-submit key="{embed.key}"><a href="{url}/raise">{url}/raise</a></huying-submit>')
        typer.echo(f'<huying-follow key="{embed.key}"><a href="{url}/follow">{url}/follow</a></huying-follow>')
    elif not stop:
        typer.echo(f"no site may embed {name}; name one with --origin", err=True)
        raise typer.Exit(1)


@app.command()
def seed(
    file: Annotated[Path, typer.Option(help="file in which the keys are stored; only its owner can read it")],
) -> None:
    """Create a channel of every kind and one for imports, unless the file exists."""
    if file.exists():
        return

    async def make(pool: Pool) -> dict[str, str]:
        keys = {kind.value: await channels.add(pool, kind.value, kind, kind.value, _SUBMIT) for kind in ChannelKind}
        return keys | {"import": await channels.add(pool, "import", ChannelKind.PARTNER, "import", _IMPORT)}

    write_private(file, with_pool(make))


@app.command("set")
def change(
    name: Name,
    values: Annotated[
        list[str] | None,
        typer.Argument(help="NAME=VALUE; NAME=- asks for the value, NAME= removes it; none: show the settings"),
    ] = None,
) -> None:
    """Set what a channel may do, and its gateway's parameters: quota, scopes, division, WeChat, SMS, mailbox."""
    changes = dict(_change(value) for value in values or ())
    with exit_on_refusal():
        settings, scopes = with_pool(lambda pool: _put(pool, name, changes))
    applied = {"scopes": list(scopes)} | settings.model_dump(mode="json", exclude_none=True)
    typer.echo(json.dumps(applied, indent=2, ensure_ascii=False))


def _change(assignment: str) -> tuple[str, str | None]:
    name, equals, value = assignment.partition("=")
    known = ("scopes", *ChannelSettings.model_fields)
    if not equals or name not in known:
        raise typer.BadParameter(f"{assignment!r} is not NAME=VALUE with one of these names: {', '.join(known)}")
    if value == "-":
        value = typer.prompt(name, hide_input=True) if sys.stdin.isatty() else sys.stdin.readline().strip()
    return name, value or None


async def _put(pool: Pool, name: str, changes: dict[str, str | None]) -> tuple[ChannelSettings, Sequence[str]]:
    """Change a channel; returns its settings and its scopes after the change."""
    settings = read(IntakeSettings)
    packs = packs_of(settings)
    division = changes.get("division")
    if division and packs.of_division(division) is None:
        raise Refused(Code.INVALID, f"division: no pack has {division!r}; see divisions.csv of the pack")
    scopes = _scopes(changes.pop("scopes") or "") if "scopes" in changes else None
    put = await GatewayRegistry(pool, vault(settings)).put(name, changes)
    async with pool.acquire() as db:
        if scopes is not None:
            await key_queries.put_scopes(db, name, scopes)
        return put, await key_queries.scopes_of(db, name)


def _scopes(text: str) -> list[Scope]:
    known = [scope.value for scope in Scope]
    wanted = text.split(",")
    if not set(wanted) <= set(known):
        raise Refused(Code.INVALID, f"scopes: {text!r} is not known; one or more of {','.join(known)}")
    return [Scope(name) for name in wanted]


def keys(file: Path) -> dict[str, str]:
    """The keys in a file that `seed` has written, by channel."""
    return dict(json.loads(file.read_text("utf-8")))
