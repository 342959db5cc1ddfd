"""The closed loop on real input: service requests of Los Angeles, and one demand of Nanhai told by hand."""

import json
from pathlib import Path
from uuid import uuid4

import asyncpg
import httpx
import pytest

from deploy.cli.channels import keys
from deploy.local.deployment import Running
from tests.e2e.conftest import huying
from tests.e2e.fold import assert_views_equal_journals
from tests.eventually import eventually
from tests.independent.myla311 import OWNERS, figures, size

pytestmark = pytest.mark.kafka
CATEGORIES = Path("deploy/jurisdictions/losangeles/categories.yaml")


@pytest.fixture(scope="module")
def running(shared: Running) -> Running:
    """A deployment that others use too."""
    return shared


@pytest.fixture(scope="module")
async def imported(running: Running, imported_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Running:
    """The real file, once through the pipeline."""
    done = huying(running, "import", str(imported_file), "--mapping", "myla311", cwd=tmp_path_factory.mktemp("cwd"))
    said, _ = done.communicate(timeout=500)
    assert done.returncode == 0, said
    assert f"{size(imported_file):,} taken, 0 imported before, 0 refused" in said
    assert "visible after" in said
    return running


async def rows(running: Running, by: str) -> dict[str, dict[str, int]]:
    async with httpx.AsyncClient(base_url=running.url) as client:
        answer = await client.get("/v1/figures/completion", params={"jurisdiction": "losangeles", "by": by})
    assert answer.status_code == 200, answer.text
    return {row["month"][:7] if by == "month" else row["key"]: row["statuses"] for row in answer.json()["rows"]}


async def test_every_figure_equals_what_the_csv_says(imported: Running, imported_file: Path):
    expected = figures(imported_file)
    assert await rows(imported, "month") == expected["month"]
    assert await rows(imported, "channel") == expected["channel"]
    assert await rows(imported, "unit") == {OWNERS[owner]: n for owner, n in expected["unit"].items()}


async def test_every_category_and_district_equals_what_the_csv_says(imported: Running, imported_file: Path):
    expected = figures(imported_file)
    spelled = {name.lower().replace("/", "-").replace(" ", "-"): n for name, n in expected["category"].items()}
    found = await rows(imported, "category")
    assert {key: found[key] for key in spelled} == spelled
    districts = {f"la-cd-{int(cd):02d}": n for cd, n in expected["division"].items() if cd}
    found = await rows(imported, "division")
    assert {key: found[key] for key in districts} == districts
    assert sum(found["la"].values()) == size(imported_file)


async def test_a_second_import_changes_nothing(imported: Running, imported_file: Path, tmp_path: Path):
    before = await rows(imported, "channel")
    again = huying(imported, "import", str(imported_file), "--mapping", "myla311", cwd=tmp_path)
    said, _ = again.communicate(timeout=400)
    known = f"0 taken, {size(imported_file):,} imported before, 0 refused"
    assert (again.returncode, known in said) == (0, True), said
    assert await rows(imported, "channel") == before


async def test_the_views_equal_a_fold_of_the_journals(imported: Running, imported_file: Path):
    told = await assert_views_equal_journals(imported.runtime.database_url)
    assert sum(demand.jurisdiction == "losangeles" for demand in told.values()) == size(imported_file)


async def test_imported_history_tells_nobody(imported: Running):
    db = await asyncpg.connect(imported.runtime.database_url)
    told = await db.fetchval(
        "SELECT count(*) FROM feedback.intent JOIN feedback.demand ON demand.id = key"
        " WHERE (demand.state ->> 'imported')::boolean"
    )
    imported_facts = await db.fetchval(
        "SELECT count(*) FROM routing.journal WHERE NOT imported AND sequence IS NOT NULL AND subject LIKE 'LA%'"
    )
    await db.close()
    assert (told, imported_facts) == (0, 0)


async def test_a_bad_row_is_reported_and_the_rest_goes_on(imported: Running, real_file: Path, tmp_path: Path):
    lines = real_file.read_text("utf-8-sig").splitlines()[:6]
    bad = [line.replace("1-87", f"T{n}-", 1) for n, line in enumerate(lines)]
    bad[2] = bad[2].replace("12/31/2017", "31/31/2017", 1)
    bad[4] = bad[4].replace(",BOS,", ",NASA,", 1).replace(",OCB,", ",NASA,", 1)
    file = tmp_path / "bad.csv"
    file.write_bytes("\n".join(bad).encode() + b"\n1,2\n")
    arguments = ("import", str(file), "--mapping", "myla311", "--no-wait", "--errors", "bad.csv.errors.csv")
    done = huying(imported, *arguments, cwd=tmp_path)
    said, _ = done.communicate(timeout=300)
    assert done.returncode == 1, said
    assert "3 taken, 0 imported before, 3 refused" in said
    errors = (tmp_path / "bad.csv.errors.csv").read_text("utf-8-sig").splitlines()
    assert [line.split(",")[:3] for line in errors[1:]] == [
        ["bad.csv", "3", "CreatedDate"], ["bad.csv", "5", "Owner"], ["bad.csv", "7", "UpdatedDate"],
    ]  # fmt: skip


async def test_a_demand_goes_round_the_loop_until_its_citizen_is_satisfied(running: Running):
    directory = running.options.directory
    made = huying(running, "staff", "token", "--unit", "nh-coordinator", "--name", "陈")
    token = made.communicate(timeout=120)[0].strip().splitlines()[-1]
    headers = {"X-API-Key": keys(directory / "channels.json")["web"], "Idempotency-Key": uuid4().hex}
    staff = {"Authorization": f"Bearer {token}"}
    body = {
        "title": "校车接送点没有风雨棚",
        "text": "请回电 13812345678",
        "division": "440605126222",
        "category": "school-transport",
        "contact": {"name": "邹", "phone": "13800138000"},
    }
    async with httpx.AsyncClient(base_url=running.url) as client:

        async def satisfied() -> int:
            found = await client.get("/v1/figures/completion", params={"jurisdiction": "nanhai"})
            return int(found.json()["total"]["statuses"].get("closed/confirmed", 0))

        before = await satisfied()
        accepted = await client.post("/v1/demands", json=body, headers=headers)
        assert accepted.status_code == 201, accepted.text
        receipt = accepted.json()
        assert (await client.post("/v1/demands", json=body, headers=headers)).json() == receipt

        async def status() -> str:
            found = await client.get(f"/v1/demands/{receipt['number']}", headers=headers)
            return str(found.json()["status"])

        await eventually(status, lambda said: said == "routed")
        case = f"/v1/cases/{receipt['number']}"
        seen = (await client.get(case, headers=staff)).json()
        assert seen["text"] == "请回电 ［手机号］"
        assert seen["demand"]["due_at"]
        assert (await client.post(f"{case}/accept", headers=staff | {"Idempotency-Key": "1"})).status_code == 200
        called = await client.post(f"{case}/contact", json={}, headers=staff | {"Idempotency-Key": "called"})
        assert called.status_code == 200, called.text
        said = {"json": {"result": "护苗长廊已竣工"}, "headers": staff | {"Idempotency-Key": "2"}}
        done = await client.post(f"{case}/resolve", **said)
        assert done.status_code == 200, done.text

        async def link() -> str:
            path = directory / "messages.jsonl"
            lines = [json.loads(line) for line in path.read_text("utf-8").splitlines()] if path.exists() else []
            mine = [m["body"] for m in lines if m["demand_id"] == receipt["id"] and m["template"] == "resolved"]
            return mine[0] if mine else ""

        message = await eventually(link, bool)
        rating = message[message.index("/rate/") + 6 :].split()[0].rstrip("。，；）)")
        verdict = await client.post(f"/v1/ratings/{rating}", json={"rating": 5, "solved": True})
        assert verdict.status_code == 201, verdict.text
        await eventually(status, lambda said: said == "closed")

        await eventually(satisfied, lambda count: count == before + 1)
    await assert_views_equal_journals(running.runtime.database_url)
