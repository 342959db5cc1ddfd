"""`huying channel list` and `show`: the channels with their quotas and numbers of requests."""

from datetime import datetime
from typing import Annotated, Final

import typer

from deploy.cli import channels
from deploy.cli.channels import Name
from deploy.cli.service_database import exit_on_refusal, with_pool
from deploy.cli.tables import print_rows
from services.intake.assembled import vault
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
    """List channels with quota and requests: in this minute, in 24 hours, and in their busiest minute (UTC)."""
    at = now()
    with exit_on_refusal():
        usages = with_pool(lambda pool: _usage(pool, at))
    print_rows([HEADING, *(_row(usage, at) for usage in usages if revoked or usage.revoked_at is None)])


@app.command()
def show(name: Name) -> None:
    """Show one channel with its settings, without secrets."""
    at = now()
    with exit_on_refusal():
        settings = with_pool(lambda pool: GatewayRegistry(pool, vault(read(IntakeSettings))).gateway(name)).settings
    (channel,) = (usage for usage in with_pool(lambda pool: _usage(pool, at)) if usage.id == name)
    for heading, value in zip(HEADING, _row(channel, at), strict=True):
        typer.echo(f"{heading:<11} {value}")
    typer.echo(f"{'added':<11} {channel.created_at:{TIME}}")
    typer.echo(settings.model_dump_json(indent=2, exclude_none=True))


async def _usage(pool: Pool, at: datetime) -> list[Usage]:
    async with pool.acquire() as db:
        return await key_queries.usage(db, at)


def _row(usage: Usage, at: datetime) -> tuple[str, ...]:
    quota = USUAL if usage.quota is None else usage.quota
    last = usage.last.strftime(TIME) if usage.last else "-"
    counts = (str(count) for count in (quota, usage.minute, usage.day, usage.busiest))
    return (usage.id, usage.kind, ",".join(usage.scopes), *counts, last, _state(usage, at))


def _state(usage: Usage, at: datetime) -> str:
    if usage.revoked_at:
        return f"revoked {usage.revoked_at:{TIME}}"
    if usage.old_key_until and usage.old_key_until > at:
        return f"two keys until {usage.old_key_until:{TIME}}"
    return "good"
