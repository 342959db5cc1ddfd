"""An invalid row of imported history is refused alone, with its field and a reason in both languages."""

from typing import Any

import httpx
import pytest

from services.intake.channels import keys
from shared.chassis.database.pool import Pool
from shared.contracts.demand.facts import ChannelKind
from tests.intake.test_api import GOOD, is_a_problem

RECORDED = GOOD | {"occurred_at": "2021-05-10T02:00:00Z", "channel_kind": "web", "via": "网站"}
ROUTED = {"at": "2021-05-11T02:00:00Z", "type": "demand.routed", "data": {"unit": "nh-education", "rule": "recorded"}}


def with_step(**changes: Any) -> dict[str, Any]:
    return {"history": [ROUTED | changes]}


async def imported(client: httpx.AsyncClient, pool: Pool, *rows: dict[str, Any]) -> httpx.Response:
    key = await keys.add(pool, "old", ChannelKind.PARTNER, "Old", ("import",))
    body = {"demands": [{"external_id": str(n)} | RECORDED | row for n, row in enumerate(rows)]}
    return await client.post("/v1/imports", json=body, headers={"X-API-Key": key})


@pytest.mark.parametrize(
    ("change", "field"),
    [
        (with_step(data={"unit": "a\u0000b", "rule": "recorded"}), "history.0.data.unit"),
        (with_step(data=ROUTED["data"] | {"a\u0000": [1]}), "history.0.data"),
        (with_step(data=ROUTED["data"] | {"due_at": "0001-01-01T00:00:00+14:00"}), "history.0"),
        (with_step(data=ROUTED["data"] | {"due_at": "9999-12-31T23:59:59-12:00"}), "history.0"),
        (with_step(type="demand\u0000"), "history.0"),
        (with_step(at="0001-01-01T00:00:00Z"), "history.0.at"),
        (with_step(at="2021-05-09T02:00:00Z"), "history.0.at"),
        (with_step(at="2999-05-09T02:00:00Z"), "history.0.at"),
        ({"division": "nowhere"}, "division"),
    ],
)
async def test_an_invalid_row_is_explained_and_the_others_are_imported(
    client: httpx.AsyncClient, pool: Pool, change: dict[str, Any], field: str
):
    answer = await imported(client, pool, {}, change, {})
    assert answer.status_code == 200, answer.text
    first, refused, last = answer.json()["rows"]
    assert (first["created"], refused["created"], last["created"]) == (True, False, True)
    assert refused["why"].startswith(f"{field}: ")
    assert any("\u4e00" <= character <= "\u9fff" for character in refused["why_zh"])


async def test_a_step_that_is_too_long_or_lacks_something_is_explained_in_chinese_too(
    client: httpx.AsyncClient, pool: Pool
):
    accepted = {"at": "2021-05-11T03:00:00Z", "type": "demand.accepted", "data": {"by": "nh-education"}}
    answer = {"at": "2021-05-12T02:00:00Z", "type": "demand.resolved", "data": {"by": "陈", "result": "好" * 4001}}
    rows = {"history": [ROUTED, accepted, answer]}, with_step(data={"unit": "nh-education"})
    long, short = (row["why_zh"] for row in (await imported(client, pool, *rows)).json()["rows"])
    assert "demand.resolved：result：最多 4000 个字符" in long
    assert "demand.routed：rule：必填" in short


@pytest.mark.parametrize(
    ("change", "field"),
    [({"via": "a\u0000b"}, "demands.0.via"), ({"occurred_at": "0001-01-01T00:00:00+14:00"}, "demands.0.occurred_at")],
)
async def test_an_unreadable_body_is_refused_and_never_a_fault(
    client: httpx.AsyncClient, pool: Pool, change: dict[str, Any], field: str
):
    refused = await imported(client, pool, change)
    assert refused.status_code == 422, refused.text
    assert [error["field"] for error in is_a_problem(refused)["errors"]] == [field]


async def test_the_first_of_several_rows_with_one_reference_is_imported(client: httpx.AsyncClient, pool: Pool):
    rows = [{"external_id": f"r{n // 5}", "title": "第一行" if n % 5 < 2 else f"第{n}行"} for n in range(50)]
    results = (await imported(client, pool, *rows)).json()["rows"]
    assert [row["created"] for row in results] == [n % 5 == 0 for n in range(50)]
    assert [bool(row["why"]) for row in results] == [n % 5 >= 2 for n in range(50)]
