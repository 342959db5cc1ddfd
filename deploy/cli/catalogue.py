"""`huying catalogue`: versions of the dispatch catalogue."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path
from typing import Annotated, Final, TypeVar

import typer

from deploy.cli.running import use_local_deployment
from deploy.cli.service_database import exit_on_refusal
from services.routing.catalogue import commands as c
from services.routing.catalogue.handler import CatalogueDesk
from services.routing.catalogue.packs_in_force import PacksInForce
from services.routing.catalogue.rehearsal import Rehearsal
from services.routing.catalogue.view import CatalogueVersion
from shared.chassis.base.settings import ProcessSettings
from shared.chassis.base.settings import read as read_settings
from shared.chassis.database.pool import open_pool
from shared.contracts.text import printable
from shared.identity.person import Person, Role
from shared.jurisdiction.checks.catalogue import check_version
from shared.jurisdiction.jurisdictions import Jurisdictions
from shared.jurisdiction.loader import packs_of
from shared.jurisdiction.pack import Pack
from shared.jurisdiction.problems import PackError, ProblemSeverity
from shared.jurisdiction.reader import read_catalogue
from shared.jurisdiction.settings import JurisdictionSettings

app = typer.Typer(no_args_is_help=True, help=__doc__)
T = TypeVar("T")

Which = Annotated[str, typer.Option("--jurisdiction", help="the pack; default: the first of the packs that are served")]
Name = Annotated[str, typer.Option("--name", help="your name; it is stored with the change")]
Source = Annotated[str, typer.Argument(metavar="FILE|VERSION", help="a YAML file, or the name of a version")]
Reason = Annotated[str, typer.Option("--reason", help="the reason; it is stored with the change")]
STAFF: Final = "staff"


@app.callback()
def _group() -> None:
    """Versions of the dispatch catalogue."""


@app.command("list")
def list_versions(jurisdiction: Which = "") -> None:
    """Print the versions with their states, the newest first."""

    async def ask(desk: CatalogueDesk, by: Person) -> None:
        for catalogue in (await desk.list(by)).catalogues:
            since = f" {catalogue.in_force_from:%Y-%m-%d %H:%M:%S}Z" if catalogue.in_force_from else ""
            state = f"{catalogue.state.value:<11} {catalogue.origin:<5} {catalogue.made_by}{since}"
            typer.echo(printable(f"{catalogue.version}  {state}  {catalogue.note}"))

    _on_what_runs(jurisdiction, STAFF, ask)


@app.command()
def show(version: Annotated[str, typer.Argument()], jurisdiction: Which = "") -> None:
    """Print the rules of a version, as a file that can be changed and used as a draft."""
    typer.echo(_on_what_runs(jurisdiction, STAFF, lambda desk, by: desk.show(by, version)).content, nl=False)


@app.command()
def check(
    file: Annotated[Path, typer.Argument(help="a YAML file, in the form of the catalogue.yaml of a pack")],
    jurisdiction: Which = "",
) -> None:
    """Check a file: rules that can never match, unknown names, categories without rules, and overlapping rules.

    It needs no database. Exit code 1: there is an error.
    """
    pack = _pack(jurisdiction, _packs())
    try:
        problems = check_version(read_catalogue(str(file), _text(file)), pack)
    except PackError as fault:
        problems = fault.problems
    for problem in problems:
        typer.echo(problem)
    if any(problem.severity is ProblemSeverity.ERROR for problem in problems):
        raise typer.Exit(1)


@app.command()
def rehearse(
    source: Source,
    newest: Annotated[int, typer.Option(min=1, max=100_000, help="how many past demands")] = 10_000,
    name: Name = STAFF,
    jurisdiction: Which = "",
) -> None:
    """Store a file as a draft, check it, and compare its decisions on past demands with the version in force."""

    async def ask(desk: CatalogueDesk, by: Person) -> CatalogueVersion:
        version = await _version(desk, by, source)
        await desk.check(by, version)
        return await desk.rehearse(by, version, c.RehearseCatalogue(newest=newest))

    version = _on_what_runs(jurisdiction, name, ask)
    if version.rehearsal:
        for line in lines(version.version, version.rehearsal):
            typer.echo(printable(line))


@app.command()
def publish(
    source: Source,
    at: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%dT%H:%M:%S%z"],
            help="when it becomes valid, such as 2027-01-01T00:00:00+0800; default: now",
        ),
    ] = None,
    reason: Reason = "",
    name: Name = STAFF,
    jurisdiction: Which = "",
) -> None:
    """Put a rehearsed version into force, in five seconds or at a given time."""

    async def ask(desk: CatalogueDesk, by: Person) -> CatalogueVersion:
        version = await _version(desk, by, source)
        return await desk.publish(by, version, c.PublishCatalogue(at=at, reason=reason))

    _say(_on_what_runs(jurisdiction, name, ask))


@app.command()
def rollback(
    version: Annotated[str, typer.Argument(help="an earlier version; default: the previous one")] = "",
    reason: Reason = "",
    name: Name = STAFF,
    jurisdiction: Which = "",
) -> None:
    """Put an earlier version into force again."""
    command = c.RollBackCatalogue(version=version or None, reason=reason)
    _say(_on_what_runs(jurisdiction, name, lambda desk, by: desk.roll_back(by, command)))


def lines(version: str, rehearsal: Rehearsal) -> list[str]:
    """The result of a rehearsal as text."""
    text_lines = [
        f"{version}: {rehearsal.elsewhere} of {rehearsal.demands} would go elsewhere than by {rehearsal.base},"
        f" {rehearsal.late} would have been late",
        f"{version}：{rehearsal.demands} 件中 {rehearsal.elsewhere} 件将派往其他单位（对比 {rehearsal.base}），"
        f"{rehearsal.late} 件将会超期",
    ]
    text_lines += [
        f"  {example.number} {example.title}: {example.unit_before} → {example.unit_after}"
        for example in rehearsal.examples
    ]
    for load in rehearsal.loads:
        change = "" if load.percent is None else f" ({load.percent:+.0f} %)"
        text_lines.append(f"  {load.name} {load.unit}: {load.before} → {load.after}{change}")
    return text_lines


def _say(version: CatalogueVersion) -> None:
    since = f"{version.in_force_from:%Y-%m-%d %H:%M:%S}Z" if version.in_force_from else ""
    typer.echo(f"{version.version} {version.state.value} {since}".rstrip())


async def _version(desk: CatalogueDesk, by: Person, source: str) -> str:
    """The named version, or a new draft from a file."""
    path = Path(source)
    if not path.is_file():  # noqa: ASYNC240 (a command has nothing else to do)
        return source
    return (await desk.draft(by, c.DraftCatalogue(content=_text(path)))).version


def _text(file: Path) -> str:
    try:
        return file.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as fault:
        raise typer.BadParameter(f"{file} cannot be read: {fault}") from None


def _packs() -> Jurisdictions:
    settings = read_settings(JurisdictionSettings)
    return packs_of(settings)


def _pack(jurisdiction: str, packs: Jurisdictions) -> Pack:
    pack = packs.get(jurisdiction) if jurisdiction else next(iter(packs))
    if pack is None:
        raise typer.BadParameter(f"no pack {jurisdiction!r} is served; there are: {', '.join(p.id for p in packs)}")
    return pack


def _on_what_runs(jurisdiction: str, name: str, ask: Callable[[CatalogueDesk, Person], Awaitable[T]]) -> T:
    use_local_deployment("DATABASE_URL")
    packs = _packs()
    by = Person(name, _pack(jurisdiction, packs).coordinator, frozenset({Role.DISPATCHER}))

    async def asked() -> T:
        async with await open_pool(read_settings(ProcessSettings).database_url, "routing", size=2) as pool:
            return await ask(CatalogueDesk(pool, PacksInForce(packs, pool)), by)

    with exit_on_refusal():
        return asyncio.run(asked())
