"""`huying attachments`: the files that citizens attached."""

import asyncio

import typer

from deploy.cli.running import use_local_deployment
from services.intake.attachments.assembled import attachment_service
from services.intake.settings import IntakeSettings
from shared.chassis.base.settings import read
from shared.chassis.database.pool import open_pool

app = typer.Typer(no_args_is_help=True, help=__doc__)


@app.callback()
def _group() -> None:
    """What citizens attached."""


@app.command()
def sweep() -> None:
    """Delete uploads that no demand used within 24 hours, and erased attachments; run it about every hour."""
    use_local_deployment("DATABASE_URL", "HUYING_VAULT_KEY")
    typer.echo(f"{asyncio.run(_sweep())} removed")


async def _sweep() -> int:
    settings = read(IntakeSettings)
    pool = await open_pool(settings.database_url, "intake", size=1)
    try:
        return await attachment_service(settings, pool).sweep()
    finally:
        await pool.close()
