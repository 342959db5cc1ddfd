"""`huying import`: recorded demands of another system, through the whole pipeline."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Annotated

import httpx
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from deploy.cli.running import key_and_url
from deploy.importing.handover import Handover, HandoverFailed, Numbered, Tally
from deploy.importing.mapping import BadRow, Mapping, UnknownMapping, load
from deploy.importing.rows import ErrorFile, ReadRow, UnreadableFile, read_rows
from deploy.importing.visible import expected_standing, totals, wait_for
from services.intake.api import Row

console = Console(highlight=False)
VISIBLE_WITHIN = 600.0


@dataclass(frozen=True, slots=True)
class Job:
    """One import."""

    file: Path
    mapping: Mapping
    errors: Path
    url: str
    key: str
    wait: bool


def import_file(
    file: Annotated[Path, typer.Argument(help="a CSV file", show_default=False)],
    mapping: Annotated[str, typer.Option(help="the declaration in deploy/mappings that fits the file")],
    errors: Annotated[Path | None, typer.Option(help="where rows that cannot be read go; FILE.errors.csv")] = None,
    url: Annotated[str, typer.Option(help="of the deployment; the one that runs here")] = "",
    key: Annotated[str, typer.Option(envvar="HUYING_API_KEY", help="of a channel that may import")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="read and check, hand nothing over")] = False,
    wait: Annotated[bool, typer.Option(help="until the last figure is visible")] = True,
) -> None:
    """Import a file. Exit code 0: all taken or known; 1: some rows were refused; 2: nothing could be done."""
    try:
        declared = load(mapping)
        error_path = errors or Path(f"{file.name}.errors.csv")
        if not file.is_file():
            raise UnreadableFile(f"there is no file {file}")
        if dry_run:
            refused = _dry_run(file, declared, error_path)
        else:
            url, key = key_and_url(url, key, "import")
            refused = asyncio.run(_import(Job(file, declared, error_path, url, key, wait)))
    except* (UnknownMapping, UnreadableFile, HandoverFailed, httpx.HTTPError) as faults:
        typer.echo(f"huying: {faults.exceptions[0]}", err=True)
        raise typer.Exit(2) from None
    if refused:
        console.print(f"{refused:,} rows were refused; each with its reason in {error_path}")
        raise typer.Exit(1)


def _dry_run(file: Path, mapping: Mapping, error_path: Path) -> int:
    started, good = monotonic(), 0
    with ErrorFile(error_path, file.name) as errors:
        for _ in read_rows(file, mapping, errors):
            good += 1
    seconds = monotonic() - started
    console.print(
        f"{good:,} rows can be imported ({(good + errors.count) / seconds:,.0f} rows/s); nothing was handed over"
    )
    return errors.count


async def _import(job: Job) -> int:
    started = monotonic()
    limits = httpx.Timeout(60, connect=5)
    async with httpx.AsyncClient(
        base_url=job.url, headers={"X-API-Key": job.key}, timeout=limits, trust_env=False
    ) as client:
        before = await totals(client, job.mapping.jurisdiction)
        wanted: Counter[str] = Counter()
        with ErrorFile(job.errors, job.file.name) as errors, _progress(job.file) as advance:
            rows: dict[int, ReadRow] = {}

            def refuse(line: int, row: Row) -> None:
                errors.add(line, rows[line].raw, BadRow("", row.external_id, row.why or "refused"))

            handover = Handover(client, refuse, advance)
            tally = await handover.all(_numbered(job, errors, rows, wanted))
        console.print(f"{tally.taken:,} taken, {tally.known:,} known already, {errors.count:,} refused")
        if job.wait and tally.taken and not tally.known:
            await _report_visible(client, job, before, wanted, tally, started)
    return errors.count


def _numbered(job: Job, errors: ErrorFile, rows: dict[int, ReadRow], wanted: Counter[str]) -> Iterator[Numbered]:
    """Rows on their way; only those still in flight are kept, for the error file."""
    for row in read_rows(job.file, job.mapping, errors):
        rows[row.line] = row
        if len(rows) > 5000:
            rows.pop(next(iter(rows)))
        wanted[expected_standing(row.demand)] += 1
        yield row.line, row.demand


async def _report_visible(
    client: httpx.AsyncClient, job: Job, before: Counter[str], wanted: Counter[str], tally: Tally, started: float
) -> None:
    console.print("waiting until the last figure is visible …")
    if await wait_for(client, job.mapping.jurisdiction, before, wanted, VISIBLE_WITHIN):
        seconds = monotonic() - started
        rate = tally.facts / seconds
        console.print(f"visible after {seconds:.1f} s: {tally.facts:,} facts, {rate:,.0f} facts/s; {job.url}/board")
    else:
        console.print("not all is visible yet; `huying doctor` says what is waiting")


@contextmanager
def _progress(file: Path) -> Iterator[Callable[[int], None]]:
    with file.open("rb") as lines:
        total = sum(block.count(b"\n") for block in iter(lambda: lines.read(1 << 20), b"")) - 1
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        task = progress.add_task(file.name, total=total)
        yield lambda done: progress.advance(task, done)
