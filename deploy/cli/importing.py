"""`huying import`: imports recorded demands of another system through the whole pipeline."""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from io import TextIOWrapper
from pathlib import Path
from time import monotonic
from typing import Annotated

import httpx
import typer
from pydantic_settings import BaseSettings, SettingsConfigDict
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from deploy.cli.faults import fault_message, first
from deploy.cli.running import local_url_and_key, url_and_key
from deploy.importing.cities import UnknownCity, must_be_served, pack_of
from deploy.importing.client import AGAIN, HandoverFailed
from deploy.importing.declarations import BadMapping, UnknownMapping, load
from deploy.importing.job import ImportResult, Job, run
from deploy.importing.rows import Table, UnreadableFile
from deploy.importing.visible import totals, wait_for
from shared.chassis.base.clock import now
from shared.chassis.base.settings import read
from shared.contracts.text import printable
from shared.jurisdiction.problems import PackError
from shared.jurisdiction.settings import JurisdictionSettings

console = Console(highlight=False, markup=False)
VISIBLE_WITHIN = 600.0
STOPPED = f"已中断 / stopped; {AGAIN}"
HOPELESS = (
    UnknownMapping, BadMapping, UnknownCity, PackError, UnreadableFile, HandoverFailed, httpx.HTTPError, OSError,
)  # fmt: skip
FILE_ALONE = (
    "只检查了文件：没有正在运行的部署可问，不知道哪些行已导入过；请先启动部署，或给出 --url 和 --key"
    " / only the file was checked: no deployment runs here that knows which rows were imported before;"
    " start it, or give --url and --key"
)
STOPPED_TRIAL = "试运行已中断，未提交任何数据 / the dry run was stopped; nothing was imported"


class Packs(BaseSettings):
    """The folder of jurisdiction packs; an import reads no other setting."""

    model_config = SettingsConfigDict(env_prefix="HUYING_", extra="ignore")

    jurisdictions_dir: Path = JurisdictionSettings.model_fields["jurisdictions_dir"].default


def import_file(
    file: Annotated[Path, typer.Argument(help="a CSV, XLS, XLSX, ODS or NDJSON file", show_default=False)],
    mapping: Annotated[str, typer.Option(help="the mapping for this file: a name in deploy/mappings, or a .yaml file")],
    errors: Annotated[
        Path | None, typer.Option(help="file for refused rows, .xlsx or .csv; default: FILE.errors.xlsx")
    ] = None,
    url: Annotated[str, typer.Option(help="URL of the deployment; default: the one that runs here")] = "",
    key: Annotated[str, typer.Option(envvar="HUYING_API_KEY", help="API key of a channel that may import")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="show what would happen, change nothing")] = False,
    from_start: Annotated[
        bool, typer.Option("--from-start", help="start from the beginning after an interruption")
    ] = False,
    wait: Annotated[bool, typer.Option(help="wait until all figures are visible")] = True,
) -> None:
    """Import a file. Exit code 0: all rows were taken or known; 1: some were refused; 2: nothing could be done."""
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a terminal without Chinese still shows the English half
    outcome: ImportResult | None = None
    try:
        declared = load(mapping)
        pack = pack_of(declared.jurisdiction, read(Packs).jurisdictions_dir)
        job = Job(file, declared, pack, now, errors, from_start, dry_run)
        if dry_run:
            outcome = asyncio.run(_tried(job, local_url_and_key(url, key, "import")))
        else:
            outcome = asyncio.run(_imported(job, *url_and_key(url, key, "import"), wait))
    except* HOPELESS as faults:
        typer.echo(f"huying: {fault_message(first(faults))}", err=True)
    except* KeyboardInterrupt:
        typer.echo(f"huying: {STOPPED_TRIAL if dry_run else STOPPED}", err=True)
    if outcome is None:  # not raised above: Python before 3.11.4 would wrap it in a group
        raise typer.Exit(2)
    if outcome.refused:
        console.print(outcome.reasons.table())
        console.print(
            f"{outcome.refused:,} 行未接收，原因见 {outcome.errors}；改正后可用同一映射再次导入"
            f" / {outcome.refused:,} rows were refused, each with its reason in that file:"
            " correct them there and import it with the same mapping",
            soft_wrap=True,
        )
        raise typer.Exit(1)


async def _tried(job: Job, credentials: tuple[str, str] | None) -> ImportResult:
    started = monotonic()
    if credentials is None:
        outcome = await run(job, None, _progress)
        console.print(f"{outcome.good:,} can be taken, {outcome.refused:,} refused; nothing was imported")
        console.print(FILE_ALONE, soft_wrap=True)
    else:
        async with _client(*credentials) as client:
            await must_be_served(client, job.mapping.jurisdiction)
            outcome = await run(job, client, _progress)
        console.print(f"{_counts(outcome, 'would be taken')}; nothing was imported", soft_wrap=True)
    rate = (outcome.good + outcome.refused) / (monotonic() - started)
    console.print(f"试运行，未提交任何数据 / dry run, {rate:,.0f} rows/s")
    return outcome


async def _imported(job: Job, url: str, key: str, wait: bool) -> ImportResult:
    started = monotonic()
    async with _client(url, key) as client:
        await must_be_served(client, job.mapping.jurisdiction)
        before = await totals(client, job.mapping.jurisdiction) if wait else None
        outcome = await run(job, client, _progress)
        tally = outcome.tally
        console.print(_counts(outcome, "taken"), soft_wrap=True)
        only_new = not (tally.known or tally.moved_on or tally.went_on_here)
        if before is not None and tally.taken and only_new:
            console.print("等待全部数字可见 / waiting until all figures are visible …")
            if await wait_for(client, job.mapping.jurisdiction, before, outcome.expected_counts, VISIBLE_WITHIN):
                seconds = monotonic() - started
                rate = tally.facts / seconds
                console.print(f"visible after {seconds:.1f} s: {tally.facts:,} facts, {rate:,.0f} facts/s; {url}/board")
            else:
                console.print(
                    "尚未全部可见 / not all figures are visible yet; `huying doctor` shows what they wait for"
                )
    return outcome


def _counts(outcome: ImportResult, accepted: str) -> str:
    """The results of the rows in one line; zero counts are left out."""
    tally = outcome.tally
    counts = [
        f"{outcome.before:,} finished before" if outcome.before else "",
        f"{tally.taken:,} {accepted}",
        f"{tally.known:,} imported before",
        f"{tally.moved_on:,} with new steps (来源有新进展)" if tally.moved_on else "",
        f"{tally.went_on_here:,} handled here since, unchanged (本系统已另行办理，未改动)"
        if tally.went_on_here
        else "",
        f"{outcome.refused:,} refused",
    ]
    return ", ".join(filter(None, counts))


@asynccontextmanager
async def _client(url: str, key: str) -> AsyncIterator[httpx.AsyncClient]:
    limits, headers = httpx.Timeout(60, connect=5), {"X-API-Key": key}
    async with httpx.AsyncClient(base_url=url, headers=headers, timeout=limits, trust_env=False) as client:
        yield client


@contextmanager
def _progress(table: Table, before: int) -> Iterator[Callable[[int], None]]:
    """Print the format of the file, and show a progress bar."""
    console.print(f"读取 reading: {printable(table.found)}", soft_wrap=True)
    if before:
        console.print(
            f"从第 {before + 1:,} 行数据继续 / continuing after {before:,} rows; --from-start starts from the beginning"
        )
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        task = progress.add_task("rows", total=table.expected, completed=before)
        yield lambda rows: progress.update(task, completed=rows)
