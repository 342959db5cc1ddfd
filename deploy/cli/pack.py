"""`huying pack`: is a jurisdiction pack sound, and the holidays it may start from."""

from pathlib import Path
from typing import Annotated

import typer

from shared.jurisdiction.loader import examine_together
from shared.jurisdiction.pack import Pack
from shared.jurisdiction.problems import PackError

app = typer.Typer(help="Jurisdiction packs: everything local, as data.", no_args_is_help=True)


@app.command()
def check(path: Annotated[list[Path], typer.Argument(help="folders of packs served together")]) -> None:
    """Explain every error with its file and line, or sum up what the packs hold."""
    from shared.jurisdiction.checks.boundaries import check_boundaries  # it loads what no other command needs

    try:
        packs, warnings = examine_together(path, check_boundaries)
    except PackError as error:
        for problem in error.problems:
            typer.echo(problem)
        raise typer.Exit(1) from None
    for warning in warnings:
        typer.echo(warning)
    for pack in packs:
        typer.echo(summary(pack))


@app.command()
def holidays(
    country: Annotated[str, typer.Argument(help="two letters, such as CN")],
    first: Annotated[int, typer.Argument(help="the first year")],
    last: Annotated[int, typer.Argument(help="the last year")],
) -> None:
    """Print a `holidays.yaml` for a country."""
    from shared.jurisdiction.almanac import written  # slow to import, and no other command needs it

    typer.echo(written(country, first, last), nl=False)


def summary(pack: Pack) -> str:
    """One line: what the pack holds, and the years whose make-up working days are still to come."""
    awaited = [str(number) for number, year in pack.years.items() if not year.announced]
    parts = [
        f"{len(pack.divisions)} divisions",
        f"{len(pack.units)} units",
        f"{len(pack.teams)} teams",
        f"{len(pack.leaf_categories)} categories to choose",
        f"{len(pack.rules)} rules",
        f"holidays {min(pack.years)}–{max(pack.years)}",
        *([f"make-up working days of {', '.join(awaited)} not announced"] if awaited else []),
    ]
    return f"{pack.id}: {', '.join(parts)}"
