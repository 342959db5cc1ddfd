"""`huying open311`: checks whether a server follows the rules of Open311 GeoReport v2."""

import asyncio
import json
from collections import Counter
from collections.abc import Sequence
from typing import Annotated, Final

import httpx
import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from deploy.open311.answers import Unreadable
from deploy.open311.server import Manner, TestedServer
from deploy.open311.suite import CheckOutcome, CheckResult, examine
from shared.chassis.base.clock import now
from shared.contracts.text import printable

app = typer.Typer(help="Open311 GeoReport v2: examine a server.", no_args_is_help=True)
TIMEOUT: Final = 60
ENDPOINT: Final = (
    "Is it the endpoint, such as http://127.0.0.1:8080/open311/v2, or its discovery document?"
    " Where the server serves several places, name one: --jurisdiction-id."
)
STYLES: Final = {CheckOutcome.PASS: "green", CheckOutcome.FAIL: "red", CheckOutcome.NOT_APPLICABLE: "dim"}


@app.callback()
def rooms() -> None:
    """Open311 GeoReport v2: examine a server."""


@app.command()
def check(
    url: Annotated[
        str, typer.Argument(help="the endpoint, such as http://127.0.0.1:8080/open311/v2, or its discovery")
    ],
    api_key: Annotated[str | None, typer.Option(help="needed for --write")] = None,
    jurisdiction_id: Annotated[str | None, typer.Option(help="for a server with several jurisdictions")] = None,
    write: Annotated[bool, typer.Option("--write", help="also submit requests, marked as a test")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="for machines")] = False,
) -> None:
    """Examine any server rule by rule. Exit code 0: no rule is broken; 1: some are; 2: it could not be examined."""
    manner = Manner(api_key, jurisdiction_id, write)
    try:
        verdicts = asyncio.run(_examine(url, manner))
    except (httpx.HTTPError, httpx.InvalidURL, Unreadable) as fault:
        typer.echo(f"huying: {url} could not be examined: {printable(str(fault) or repr(fault))}\n{ENDPOINT}", err=True)
        raise typer.Exit(2) from None
    if as_json:
        typer.echo(printable(json.dumps(_plain(url, verdicts), ensure_ascii=False, indent=2)))
    else:
        _print(verdicts)
    raise typer.Exit(1 if any(verdict.outcome is CheckOutcome.FAIL for verdict in verdicts) else 0)


async def _examine(url: str, manner: Manner) -> list[CheckResult]:
    async with httpx.AsyncClient(timeout=TIMEOUT, follow_redirects=True) as client:
        return await examine(await TestedServer.reach(client, url, manner, now()))


def _print(verdicts: Sequence[CheckResult]) -> None:
    console = Console(highlight=False)
    table = Table("rule", "result", "the rule, and what the server did", box=None, pad_edge=False)
    for verdict in verdicts:
        style = STYLES[verdict.outcome]
        words = "\n".join([verdict.rule.sentence, *(f"[{style}]{escape(printable(line))}[/]" for line in verdict.seen)])
        table.add_row(verdict.rule.id, f"[{style}]{verdict.outcome}[/]", words)
    console.print(table)
    console.print(", ".join(f"{count} {outcome}" for outcome, count in _counts(verdicts).items()))


def _plain(url: str, verdicts: Sequence[CheckResult]) -> dict[str, object]:
    rules = [
        {"id": v.rule.id, "sentence": v.rule.sentence, "outcome": v.outcome, "seen": list(v.seen)} for v in verdicts
    ]
    return {"url": url, "counts": _counts(verdicts), "rules": rules}


def _counts(verdicts: Sequence[CheckResult]) -> dict[str, int]:
    counts = Counter(verdict.outcome for verdict in verdicts)
    return {outcome.value: counts[outcome] for outcome in CheckOutcome}
