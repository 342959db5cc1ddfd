"""Runs one import from the file to the error file; a dry run does the same, but changes nothing."""

import asyncio
from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

import httpx

from deploy.importing import errors
from deploy.importing.client import ImportTally, IntakeClient
from deploy.importing.files import fingerprint
from deploy.importing.mapping import Mapping
from deploy.importing.pipeline import Pipeline
from deploy.importing.progress_log import About, ProgressLog
from deploy.importing.readers import opened
from deploy.importing.redaction import Redaction, Restorer
from deploy.importing.report import Reasons, free_name
from deploy.importing.rows import Table
from deploy.importing.translation import Translator
from shared.jurisdiction.pack import Pack

DRY_RUN: Final = "dry-run"


@dataclass(frozen=True, slots=True)
class Job:
    """The file to import, its mapping and pack, and the error file (which is overwritten if `errors` names it)."""

    file: Path
    mapping: Mapping
    pack: Pack
    now: Callable[[], datetime]
    errors: Path | None = None
    from_start: bool = False
    dry_run: bool = False

    def about(self, url: str) -> About:
        """The identity of this import, by which an interrupted one is recognised."""
        declared = self.mapping.model_dump_json()
        return About(file=self.file.name, fingerprint=fingerprint(self.file), mapping=declared, url=url)


@dataclass(frozen=True, slots=True)
class ImportResult:
    """The result of an import; `before` is the number of rows that an interrupted earlier run has finished."""

    before: int
    good: int
    refused: int
    tally: ImportTally
    expected_counts: Counter[str]
    reasons: Reasons
    errors: Path | None


Progress = Callable[[Table, int], AbstractContextManager[Callable[[int], None]]]


async def run(job: Job, client: httpx.AsyncClient | None, progress: Progress) -> ImportResult:
    """Import the file, or do a dry run: it asks intake for the results, or, without a client, checks only the file.
    Raises `UnreadableFile` and `HandoverFailed`."""
    if job.errors:
        errors.usable(job.errors, job.file)
    is_trial = job.dry_run or client is None
    url = DRY_RUN if is_trial else str(client.base_url if client else "")
    with opened(job.file, job.mapping.encoding, job.mapping.columns) as table:
        path = Path(f"{job.file.name}.{DRY_RUN if is_trial else 'import'}-log")
        with ProgressLog(path, job.about(url), job.from_start or is_trial) as logbook:
            before = logbook.done
            translator = Translator(job.mapping, job.pack, job.now)
            restoring = Restorer(Redaction.of(job.mapping), job.mapping, (job.file.parent, Path()))
            with (
                progress(table, before) as on_progress,
                restoring,
                Pipeline(table, translator, logbook, restoring, on_progress, dry_run=is_trial) as passage,
            ):
                await _handed_over(passage, client)
            return _ended(job, table, passage, before)


async def _handed_over(passage: Pipeline, client: httpx.AsyncClient | None) -> None:
    if client:
        handover = IntakeClient(client, passage.refused, passage.answered, passage.tally, passage.dry_run)
        await handover.all(passage.demands())
        return
    for number, _ in passage.demands():
        passage.forget()
        if not number % 500:
            await asyncio.sleep(0)  # lets Ctrl-C interrupt


def _ended(job: Job, table: Table, passage: Pipeline, before: int) -> ImportResult:
    logbook, reasons, path = passage.logbook, Reasons(), None
    if logbook.refused:
        path = job.errors or free_name(Path(f"{job.file.name}.errors.xlsx"))
        if any(path.exists() and path.samefile(source) for source in passage.restoring.sources):
            path = free_name(path)
        errors.write(path, table.columns, reasons.counted(logbook.refusals()))
    logbook.finish()
    return ImportResult(before, passage.good, logbook.refused, passage.tally, passage.expected_counts, reasons, path)
