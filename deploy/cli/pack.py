"""`huying pack`: checks jurisdiction packs, previews their messages, and writes files of holidays."""

from pathlib import Path
from typing import Annotated, Final

import typer

from shared.jurisdiction.loader import examine_together
from shared.jurisdiction.notices import SAMPLES, Notice
from shared.jurisdiction.pack import Pack
from shared.jurisdiction.problems import PackError

SAMPLE_URL: Final = "https://huying.example.gov.cn"
SAMPLE_TOKEN: Final = "eyJkIjoiQWFJS1pRQm9lbHU4RC1zY0RPS21YQSJ9.aUxw2g.0cX9bVwq6kT1nYzR3xAJb0VyZ6c"
"""A sample with the length of a real token."""
app = typer.Typer(help="Jurisdiction packs: everything local, as data.", no_args_is_help=True)


@app.command()
def check(path: Annotated[list[Path], typer.Argument(help="folders of packs served together")]) -> None:
    """Print every error with its file and line, or a summary of the packs."""
    from shared.jurisdiction.checks.boundaries import check_boundaries  # no other command needs this import

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
    from shared.jurisdiction.almanac import calendar_as_yaml  # slow to import, and no other command needs it

    typer.echo(calendar_as_yaml(country, first, last), nl=False)


@app.command("messages")
def previews(
    path: Annotated[Path, typer.Argument(help="folder of a pack")],
    url: Annotated[str, typer.Option(help="public address of the deployment, for the links in messages")] = SAMPLE_URL,
) -> None:
    """Print every message with sample values, its number of characters, and the number of text messages it costs."""
    try:
        packs, _ = examine_together([path])
    except PackError as error:
        for problem in error.problems:
            typer.echo(problem)
        raise typer.Exit(1) from None
    (pack,) = packs
    links = {"url": f"{url}/follow/{SAMPLE_TOKEN}", "rating_url": f"{url}/rate/{SAMPLE_TOKEN}"}
    for notice in Notice:
        for language in pack.languages:
            text = pack.message(notice, language, SAMPLES[language] | links | _for(notice, url, language))
            typer.echo(f"{notice:<20} {language}  {len(text):>3} characters, {parts_of(text)} text messages\n  {text}")


def _for(notice: Notice, url: str, language: str) -> dict[str, str]:
    """The placeholders that depend on the notice: links of a digest, and of a message to a unit."""
    number = SAMPLES[language]["number"]
    case, page = f"{url}/desk/cases/{number}", f"{url}/follow/{SAMPLE_TOKEN}"
    return {"url": case, "items": f"{number} {case}"} if notice.is_for_staff else {"items": f"{number} {page}"}


def parts_of(text: str) -> int:
    """The number of text messages (SMS) for a text: one of 70 characters, or several of 67 (3GPP TS 23.038, 23.040:
    UCS-2); for an ASCII text 160 and 153."""
    single, part = (160, 153) if text.isascii() else (70, 67)
    return 1 if len(text) <= single else -(-len(text) // part)


def summary(pack: Pack) -> str:
    """The content of a pack in one line, with the years whose make-up working days are not announced."""
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
