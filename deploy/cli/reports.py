"""`huying reports`: the projections behind the figures."""

import asyncio
from typing import Annotated

import typer

from deploy.cli.faults import first
from deploy.cli.processes import RunSettings, pace_readers
from deploy.cli.running import use_local_deployment
from services.reporting import app as reporting
from services.reporting.rebuild.rebuild import Rebuilt
from services.reporting.settings import ReportingSettings
from shared.chassis.base.settings import read
from shared.chassis.database.migrate import MigrationFailed
from shared.contracts.refusals import Refused
from shared.contracts.text import printable

app = typer.Typer(no_args_is_help=True, help=__doc__)


@app.callback()
def _group() -> None:
    """The projections behind the figures."""


@app.command()
def rebuild(
    accept: Annotated[
        bool, typer.Option("--accept", help="replace the views although the rebuilt ones differ")
    ] = False,
) -> None:
    """Rebuild reporting's projections from the topics, compare them with those in use, and replace them.

    The service stays available. If both differ, the differences are printed and nothing is replaced, unless --accept is
    given. Exit code 1: nothing was replaced.
    """
    use_local_deployment()
    settings = read(ReportingSettings)
    pace_readers(read(RunSettings))
    try:
        result = asyncio.run(reporting.rebuilding(settings, _say).run(accept=accept))
    except (Refused, MigrationFailed) as fault:
        words = f"{fault.zh} / {fault.en}" if isinstance(fault, Refused) else str(fault)
        typer.echo(f"huying: {words}", err=True)
        raise typer.Exit(1) from None
    except BaseExceptionGroup as faults:
        raise first(faults) from None
    if not result.replaced:
        typer.echo(f"huying: {_kept(result)}", err=True)
        raise typer.Exit(1)
    rate = result.records / result.seconds if result.seconds else 0
    _say(
        f"已切换到重建的视图：{result.records:,} 条记录，每秒 {rate:,.0f} 条",
        f"the views are replaced: {result.records:,} records, {rate:,.0f} a second",
    )


def _say(zh: str, en: str) -> None:
    typer.echo(printable(f"{zh} / {en}"))


def _kept(result: Rebuilt) -> str:
    return (
        f"有 {result.differences:,} 处不同，未切换；确认以重建结果为准时加 --accept 再运行"
        f" / {result.differences:,} differences, nothing was replaced; if the rebuilt numbers are right,"
        " run it again with --accept"
    )
