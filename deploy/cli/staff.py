"""`huying staff`: tokens for staff (in addition to those of a sign-in service), and the list of units."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated, Final

import typer

from deploy.cli.running import use_local_deployment
from shared.chassis.base.clock import now
from shared.chassis.base.settings import read
from shared.chassis.database.pool import Connection, open_pool
from shared.contracts.refusals import Refused
from shared.identity import revocations
from shared.identity.person import Person, Role
from shared.identity.settings import SecretSettings
from shared.identity.staff_tokens import StaffTokens, identity
from shared.jurisdiction.jurisdictions import Jurisdictions
from shared.jurisdiction.loader import packs_of
from shared.jurisdiction.settings import JurisdictionSettings
from shared.jurisdiction.unit_listing import listed_units

app = typer.Typer(no_args_is_help=True, help=__doc__)
BELIEVE_STAFF: Final = ("routing", "intake", "feedback", "reporting")
"""The services with a table of revocations. Feedback asks intake to verify tokens, except for its own findings; but its
older version, which may run during an upgrade, verifies them itself."""


@app.callback()
def _group() -> None:
    """Tokens for staff, and the list of units."""


@app.command()
def token(
    unit: Annotated[str, typer.Option(help="the unit's id in the pack; the coordinator may act for every unit")],
    name: Annotated[str, typer.Option(help="name of the person; it is written into facts")] = "staff",
    role: Annotated[
        list[Role] | None,
        typer.Option(help="may be repeated; default: clerk, or dispatcher and head at the coordinator"),
    ] = None,
    hours: Annotated[
        float | None,
        typer.Option(
            min=0.01, help="hours for which it is valid, at most HUYING_STAFF_TOKEN_HOURS (12), which is the default"
        ),
    ] = None,
) -> None:
    """Print a token for `Authorization: Bearer …`; its expiry is printed to the error stream."""
    use_local_deployment("DATABASE_URL", "HUYING_SECRET")
    settings = read(SecretSettings)
    tokens, packs = StaffTokens.of(settings), _packs()
    if hours and hours > tokens.hours:
        raise typer.BadParameter(f"--hours {hours:g} is more than HUYING_STAFF_TOKEN_HOURS allows: {tokens.hours:g}")
    if packs.of_unit(unit) is None:
        known = ", ".join(pack.coordinator for pack in packs)
        raise typer.BadParameter(f"no pack has a unit {unit!r}; coordinators are: {known}")
    made, until = tokens.write(Person(name, unit, frozenset(role or [])), hours)
    typer.echo(f"valid until {_shown(until)}; `huying staff revoke` revokes it earlier", err=True)
    typer.echo(made)


@app.command()
def units(
    text: Annotated[str, typer.Argument(help="part of the id, the name or the place; none: all units")] = "",
) -> None:
    """List the units that people act for, with the unit above each."""
    for unit in (units := list(listed_units(_packs(), text))):
        parent = f", below {unit.above}" if unit.above else ""
        typer.echo(f"{unit.id:<28} {unit.name} ({unit.kind} of {unit.division_name}, {unit.division}{parent})")
    if not units:
        typer.echo(f"huying: no unit has {text!r} in its id, its name or its place", err=True)
        raise typer.Exit(1)


@app.command()
def revoke(
    token: Annotated[str, typer.Argument(help="the token; none: all tokens of a unit, or of a person in it")] = "",
    unit: Annotated[str, typer.Option(help="the unit whose tokens are revoked")] = "",
    name: Annotated[str, typer.Option(help="only those of this person of the unit")] = "",
) -> None:
    """Revoke tokens from their next request on: one, or all that a unit or person has got until now."""
    if bool(token) == bool(unit) or (name and not unit):
        raise typer.BadParameter("give a token, or --unit, or --unit and --name")
    use_local_deployment("DATABASE_URL", "HUYING_SECRET")
    settings = read(SecretSettings)
    at = now()
    if token:
        try:
            person = StaffTokens.of(settings).examine(token)
        except Refused as refused:
            typer.echo(f"huying: nothing to revoke: {refused.zh} / {refused.en}", err=True)
            raise typer.Exit(1) from None
        asyncio.run(_in_each_service(settings, lambda db: revocations.revoke_token(db, identity(token), at)))
        typer.echo(f"the token of {person.name} at {person.unit} is revoked")
        return
    if _packs().of_unit(unit) is None:
        typer.echo(f"huying: mind that no pack has a unit {unit!r} now", err=True)
    asyncio.run(_in_each_service(settings, lambda db: revocations.revoke_bearers(db, unit, name or None, at)))
    typer.echo(f"every token of {name or 'everybody'} at {unit} that was made until {_shown(at)} is worth nothing")


def _packs() -> Jurisdictions:
    settings = read(JurisdictionSettings)
    return packs_of(settings)


async def _in_each_service(settings: SecretSettings, revoke: Callable[[Connection], Awaitable[None]]) -> None:
    for service in BELIEVE_STAFF:
        async with await open_pool(settings.database_url, service, size=1) as pool, pool.acquire(timeout=5) as db:
            await revoke(db)


def _shown(at: datetime) -> str:
    return at.astimezone().isoformat(sep=" ", timespec="minutes")
