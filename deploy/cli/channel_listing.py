"""`huying channel list` and `show`: which channels there are, and how much each asks."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Final

import typer

from deploy.cli import channels
from deploy.cli.channels import Name
from deploy.cli.service_database import on_what_runs, told
from services.intake.app import vault
from services.intake.channels import key_queries
from services.intake.channels.gateway_settings import GatewayRegistry
from services.intake.channels.key_queries import Usage
from services.intake.channels.quota import USUAL
from services.intake.settings import IntakeSettings
from shared.chassis.base.clock import now
from shared.chassis.base.settings import read
from shared.chassis.database.pool import Pool

app = channels.app
HEADING: Final = ("channel", "kind", "scopes", "quota/min", "this min", "24 h", "busiest", "last asked", "state")
TIME: Final = "%Y-%m-%d %H:%M"


@app.command("list")
def listed(
    revoked: Annotated[bool, typer.Option("--all", help="revoked channels too")] = False,
) -> None:
    """Every channel with its quota and its requests: in this minute, in 24 hours, in their busiest minute (UTC)."""
    at = now()
    with told():
        usages = on_what_runs(lambda pool: _usage(pool, at))
    _print([HEADING, *(_row(one, at) for one in usages if revoked or one.revoked_at is None)])


@app.command()
def show(name: Name) -> None:
    """One channel with its settings; secrets are not shown."""
    at = now()
    with told():
        settings = on_what_runs(lambda pool: GatewayRegistry(pool, vault(read(IntakeSettings))).gateway(name)).settings
    (one,) = (usage for usage in on_what_runs(lambda pool: _usage(pool, at)) if usage.id == name)
    for heading, value in zip(HEADING, _row(one, at), strict=True):
        typer.echo(f"{heading:<11} {value}")
    typer.echo(f"{'added':<11} {one.created_at:{TIME}}")
    typer.echo(settings.model_dump_json(indent=2, exclude_none=True))


async def _usage(pool: Pool, at: datetime) -> list[Usage]:
    async with pool.acquire() as db:
        return await key_queries.usage(db, at)


def _row(one: Usage, at: datetime) -> tuple[str, ...]:
    quota = USUAL if one.quota is None else one.quota
    last = one.last.strftime(TIME) if one.last else "-"
    counts = (str(count) for count in (quota, one.minute, one.day, one.busiest))
    return (one.id, one.kind, ",".join(one.scopes), *counts, last, _state(one, at))


def _state(one: Usage, at: datetime) -> str:
    if one.revoked_at:
        return f"revoked {one.revoked_at:{TIME}}"
    if one.old_key_until and one.old_key_until > at:
        return f"two keys until {one.old_key_until:{TIME}}"
    return "good"


def _print(rows: Sequence[tuple[str, ...]]) -> None:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        typer.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
