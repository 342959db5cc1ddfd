"""Every code that `huying pack check` accepts is accepted by every route too."""

from pathlib import Path
from typing import Any

import httpx
import pytest

from deploy.cli.openapi import document
from services.intake import app
from services.intake.channels import keys
from services.intake.settings import IntakeSettings
from shared.chassis.database.pool import open_pool
from shared.chassis.http.app import web_app
from shared.contracts.codes import LONGEST_CODE
from shared.contracts.demand.facts import ChannelKind
from shared.jurisdiction.loader import load_pack
from tests.keys import KEYS

CODES = {"division", "category", "unit", "suggested_unit", "service_code", "jurisdiction", "jurisdiction_id"}
LONG = "a" * LONGEST_CODE


def lengths(part: Any, name: str = "") -> list[tuple[str, int]]:
    """Every field and parameter for a code with its maximum length."""
    if isinstance(part, list):
        return [length for one in part for length in lengths(one, name)]
    if not isinstance(part, dict):
        return []
    here = [(name, part["maxLength"])] if name in CODES and "maxLength" in part else []
    if "schema" in part and isinstance(part.get("name"), str):
        here += lengths(part["schema"], part["name"])
    return here + [
        length for key, value in part.items() if key != "schema"
        for length in lengths(value, name if key in ("anyOf", "items") else key)
    ]  # fmt: skip


async def test_no_maximum_length_is_too_short_for_a_code():
    code_lengths = lengths(await document())
    assert {name for name, _ in code_lengths} >= {"division", "category"}
    assert {name: length for name, length in code_lengths if length < LONGEST_CODE} == {}


RENAMED = {
    "divisions.csv": [("east,", f"{LONG},")],
    "units.csv": [("roads,", f"{LONG},"), (",east,", f",{LONG},")],
    "teams.csv": [(",east,", f",{LONG},"), (",roads,", f",{LONG},")],
    "categories.yaml": [("code: road,", f"code: {LONG},")],
    "catalogue.yaml": [("category: road}", f"category: {LONG}}}"), ("[roads]", f"[{LONG}]"), (": roads", f": {LONG}")],
}


@pytest.fixture
def long_pack(hamlet: Path) -> Path:
    """A hamlet in which the eastern village, the roads and their department have the longest code."""
    for name, changes in RENAMED.items():
        text = (hamlet / name).read_text("utf-8")
        for was, becomes in changes:
            assert was in text
            text = text.replace(was, becomes)
        (hamlet / name).write_text(text, "utf-8")
    return hamlet


async def test_a_demand_with_the_longest_codes_is_accepted(long_pack: Path, database: str):
    pack = load_pack(long_pack)
    assert LONG in {division.code for division in pack.divisions} & {category.code for category in pack.categories}
    settings = KEYS | {"DATABASE_URL": database, "jurisdictions_dir": long_pack.parent, "jurisdictions": "hamlet"}
    async with await open_pool(database, "intake") as pool:
        key = await keys.add(pool, "web", ChannelKind.WEB, "Web")
        application = web_app("intake", app.api(IntakeSettings.model_validate(settings), pool).routers)
        headers = {"X-API-Key": key, "Idempotency-Key": "1"}
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(application), base_url="http://intake", headers=headers
        ) as client:
            demand = {"title": "A hole in the road", "division": LONG, "category": LONG}
            assert (await client.post("/v1/demands", json=demand)).status_code == 201
            for path in ("/v1/demands/similar", "/v1/demands/suggestions"):
                answer = await client.post(path, json={"title": "A hole", "division": LONG})
                assert answer.status_code in (200, 404), answer.text
