"""`huying vault` and `huying erase`: the encryption keys of personal data."""

import asyncio
import getpass
from datetime import datetime
from typing import Annotated

import typer

from deploy.cli.running import use_local_deployment
from services.intake import demands
from services.intake.assembled import vault
from services.intake.attachments.assembled import attachment_service
from services.intake.channels.rotation import Rotated
from services.intake.channels.rotation import rotate as rotate_keys
from services.intake.inbound.sms.text_keys import rotate as rotate_texts
from services.intake.personal_data.handler import erase as erase_demand
from services.intake.settings import IntakeSettings
from shared.chassis.base.clock import now
from shared.chassis.base.settings import read
from shared.chassis.database.pool import open_pool
from shared.contracts.numbers import read_number
from shared.contracts.refusals import Code, Refused

app = typer.Typer(no_args_is_help=True, help=__doc__)


@app.callback()
def _group() -> None:
    """The encryption keys of personal data."""


@app.command()
def rotate() -> None:
    """Wrap every key that HUYING_VAULT_OLD_KEY wraps with HUYING_VAULT_KEY.

    First set both for every intake process and restart it; then run this command; then remove the old one.
    """
    use_local_deployment("DATABASE_URL", "HUYING_VAULT_KEY")
    result = asyncio.run(_rotate())
    typer.echo(f"{result.count} keys encrypted again")
    if result.unopened:
        typer.echo(
            f"huying: {result.unopened} keys cannot be decrypted with either key: check HUYING_VAULT_OLD_KEY", err=True
        )
        raise typer.Exit(1)


def erase(
    number: Annotated[str, typer.Argument(help="of the demand")],
    why: Annotated[str, typer.Option(help="the reason; it is stored with the erasure, so do not name anybody in it")],
) -> None:
    """Destroy the key of a demand's personal data, and its attachments, for good; the statistics stay."""
    use_local_deployment("DATABASE_URL", "HUYING_VAULT_KEY")
    try:
        at = asyncio.run(_erase(read_number(number), why))
    except Refused as refused:
        typer.echo(f"huying: {refused.zh} / {refused.en}", err=True)
        raise typer.Exit(1) from None
    typer.echo(f"erased {at.isoformat()}")


async def _rotate() -> Rotated:
    settings = read(IntakeSettings)
    pool = await open_pool(settings.database_url, "intake", size=1)
    try:
        result = await rotate_keys(pool, vault(settings))
        await rotate_texts(pool, vault(settings), result)
        return result
    finally:
        await pool.close()


async def _erase(number: str, why: str) -> datetime:
    settings = read(IntakeSettings)
    pool = await open_pool(settings.database_url, "intake", size=1)
    try:
        async with pool.acquire() as db, db.transaction():
            demand = await demands.by_number(db, number)
            if demand is None:
                raise Refused(Code.NOT_FOUND, f"there is no demand {number}", f"没有编号为 {number} 的诉求")
            at = await erase_demand(db, demand.id, now(), f"operator:{getpass.getuser()}", why)
        await attachment_service(settings, pool).sweep()
    finally:
        await pool.close()
    return at
