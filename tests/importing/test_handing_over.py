"""Sending rows to intake on a real database, and dry runs without it."""

import json
from pathlib import Path

import httpx
import pytest

from deploy.importing.client import BATCH_BYTES, HandoverFailed, IntakeClient
from deploy.importing.job import run
from deploy.importing.pipeline import Pipeline
from deploy.importing.progress_log import ProgressLog
from deploy.importing.readers import opened
from deploy.importing.redaction import Redaction, Restorer
from deploy.importing.translation import Translator
from shared.chassis.database.pool import Pool
from tests.importing.conftest import quiet, read
from tests.importing.orders import csv_file, hotline, order, rows, xlsx_file

ORDERS = [order(n, **({"工单状态": "飞了"} if n == 7 else {})) for n in range(1, 21)]


async def demands(pool: Pool) -> int:
    return int(await pool.fetchval("SELECT count(*) FROM submission"))


async def test_a_dry_run_sends_nothing_and_reports_like_a_real_run(
    intake: httpx.AsyncClient, pool: Pool, tmp_path: Path
):
    file = xlsx_file(tmp_path / "o.xlsx", ORDERS)
    dry_outcome = await run(hotline(file), None, quiet)
    assert await demands(pool) == 0
    real_outcome = await run(hotline(file), intake, quiet)
    assert (dry_outcome.good, dry_outcome.refused, dry_outcome.expected_counts) == (
        real_outcome.good,
        real_outcome.refused,
        real_outcome.expected_counts,
    )
    assert rows(Path("o.xlsx.errors.xlsx")) == rows(Path("o.xlsx.errors.2.xlsx"))
    assert (real_outcome.tally.taken, real_outcome.tally.known, await demands(pool)) == (19, 0, 19)


async def test_a_second_import_recognises_every_row(intake: httpx.AsyncClient, pool: Pool, tmp_path: Path):
    file = csv_file(tmp_path / "o.csv", ORDERS)
    await run(hotline(file), intake, quiet)
    second_outcome = await run(hotline(file), intake, quiet)
    assert (second_outcome.tally.taken, second_outcome.tally.known, second_outcome.refused, await demands(pool)) == (
        0,
        19,
        1,
        19,
    )


async def test_a_row_that_intake_refuses_is_in_the_error_file_in_both_languages(
    intake: httpx.AsyncClient, pool: Pool, tmp_path: Path
):
    await run(hotline(csv_file(tmp_path / "o.csv", ORDERS[:3])), intake, quiet)
    changed = [order(1), order(2, 诉求标题="改过的标题"), order(30)]
    outcome = await run(hotline(csv_file(tmp_path / "o2.csv", changed), errors=Path("e.csv")), intake, quiet)
    assert (outcome.tally.taken, outcome.tally.known, outcome.refused) == (1, 1, 1)
    error_file = Path("e.csv").read_text("utf-8-sig")
    assert "o2.csv,3,诉求标题,改过的标题," in error_file
    assert "已导入过，内容不同（诉求 NH" in error_file
    assert "imported before with other content (demand NH" in error_file


async def test_a_contact_is_encrypted_and_in_no_fact(intake: httpx.AsyncClient, pool: Pool, tmp_path: Path):
    await run(hotline(csv_file(tmp_path / "o.csv", ORDERS[:1])), intake, quiet)
    journal_rows = await pool.fetch("SELECT * FROM journal")
    assert journal_rows
    assert not any("13800138000" in str(row) or "邹女士" in str(row) for row in journal_rows)
    sealed = await pool.fetch("SELECT * FROM vault")
    assert len(sealed) == 1
    assert "13800138000" not in str(sealed[0])


async def test_a_wrong_key_ends_the_import_with_a_reason(intake: httpx.AsyncClient, tmp_path: Path):
    intake.headers["X-API-Key"] = "wrong"
    with pytest.raises(ExceptionGroup) as error:
        await run(hotline(csv_file(tmp_path / "o.csv", ORDERS)), intake, quiet)
    assert error.group_contains(HandoverFailed, match="密钥")


async def test_rows_are_settled_only_when_every_row_before_them_is_answered(tmp_path: Path):
    job = hotline(csv_file(tmp_path / "o.csv", map(order, range(1, 11))))
    logbook = ProgressLog(tmp_path / "log", job.about("u"))
    translator = Translator(job.mapping, job.pack, job.now)
    with opened(job.file, "auto", job.mapping.columns) as table:
        restoring = Restorer(Redaction.of(job.mapping), job.mapping, ())
        with Pipeline(table, translator, logbook, restoring, lambda _: None) as passage:
            demands = list(passage.demands())
            passage.answered(demands[5:])
            assert logbook.done == 0, "rows 1 to 5 are still on their way: a new start must hand them over again"
            passage.answered(demands[:3])
            assert logbook.done == 3
            passage.answered(demands[3:5])
            assert logbook.done == 10


async def test_a_request_has_no_more_bytes_than_intake_reads_and_loses_no_row(tmp_path: Path):
    (demand,), _ = read(csv_file(tmp_path / "o.csv", [order(1, 诉求内容="坏" * 8_000)]))
    sizes, rows_posted = [], 0

    def answer(request: httpx.Request) -> httpx.Response:
        nonlocal rows_posted
        count = len(json.loads(request.content)["demands"])
        sizes.append(len(request.content))
        rows_posted += count
        row = {"external_id": "1", "created": True, "became": "new", "number": "NH21-000001-K"}
        return httpx.Response(200, json={"rows": [row] * count})

    async with httpx.AsyncClient(transport=httpx.MockTransport(answer), base_url="http://intake") as client:
        tally = await IntakeClient(client, lambda line, row: None, lambda batch: None).all(
            (n, demand) for n in range(400)
        )
    assert (tally.taken, rows_posted) == (400, 400)
    assert max(sizes) < BATCH_BYTES + 30_000
    assert len(sizes) > 1
