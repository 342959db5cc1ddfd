"""`huying staff`: tokens for people at units, until an identity provider is connected."""

from typing import Annotated

import typer

from deploy.cli.running import environment_of_what_runs
from services.intake.callers import PERSONAL_DATA
from shared.chassis.settings import SecretSettings, read
from shared.chassis.tokens import Tokens
from shared.jurisdiction.loader import served_packs

app = typer.Typer(no_args_is_help=True, help=__doc__)


@app.callback()
def _group() -> None:
    """Tokens for people at units."""


@app.command()
def token(
    unit: Annotated[str, typer.Option(help="the unit's id in the pack; the coordinator may act for every unit")],
    name: Annotated[str, typer.Option(help="who acts; appears in the facts")] = "staff",
    role: Annotated[
        list[str] | None, typer.Option(help=f"`{PERSONAL_DATA}`: may see contacts, giving a reason")
    ] = None,
) -> None:
    """Print a token for `Authorization: Bearer …`; good for 30 days."""
    environment_of_what_runs()
    settings = read(SecretSettings)
    packs = served_packs(settings.jurisdictions_dir, settings.jurisdictions)
    if not any(pack.unit(unit) for pack in packs):
        known = ", ".join(pack.coordinator for pack in packs)
        raise typer.BadParameter(f"no pack has a unit {unit!r}; coordinators are: {known}")
    typer.echo(Tokens(settings.secret).write("staff", {"name": name, "unit": unit, "roles": role or []}))
