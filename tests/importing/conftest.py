"""Runs an import in this process, with or without intake on a real database."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from deploy.importing.job import ImportResult, run
from deploy.importing.readers import opened
from deploy.importing.rows import BadRow, Table
from deploy.importing.translation import Translator
from services.intake.channels import keys
from services.intake.submission.domain import RecordedDemand
from shared.chassis.base.clock import now
from shared.chassis.database.pool import Pool, open_pool
from shared.contracts.demand.facts import ChannelKind
from tests.built import Built
from tests.importing.loop import Loop, opened_loop
from tests.importing.orders import hotline
from tests.packs import nanhai

Said = list[str]
SCOPES = ("import", "submit", "read-all")


@contextmanager
def quiet(table: Table, before: int) -> Iterator[Callable[[int], None]]:
    """Shows no progress bar."""
    yield lambda rows: None


def read(file: Path) -> tuple[list[RecordedDemand], list[tuple[int, str, str]]]:
    """The demands in a file of work orders, and line, column and reason of each refused row."""
    mapping, demands, refusals = hotline(file).mapping, [], []
    translator = Translator(mapping, nanhai(), now)
    with opened(file, mapping.encoding, mapping.columns) as table:
        for row in table.rows:
            try:
                demands.append(translator.demand(row))
            except BadRow as refused:
                refusals.append((row.place.line, refused.column, refused.reason))
    return demands, refusals


async def dry_run(file: Path, **options: Any) -> ImportResult:
    """A dry run."""
    return await run(hotline(file, **options), None, quiet)


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Error files and logbooks are written to the current folder."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture
async def pool(database: str) -> AsyncIterator[Pool]:
    async with await open_pool(database, "intake") as opened:
        yield opened


@pytest.fixture
async def intake(intake_built: Built, pool: Pool) -> AsyncIterator[httpx.AsyncClient]:
    """Intake in this process, with the key of a channel that may import."""
    headers = {"X-API-Key": await keys.add(pool, "import", ChannelKind.PARTNER, "Import", SCOPES)}
    async with intake_built.on(pool) as application:
        transport = httpx.ASGITransport(application, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://intake", headers=headers) as client:
            yield client


@pytest.fixture
async def loop(database: str) -> AsyncIterator[Loop]:
    """The four services without a broker, on the database of `intake`."""
    async with opened_loop(database) as opened:
        yield opened
