"""Field visits: drafts written offline, which the device may send any number of times."""

import json
from typing import Any
from uuid import uuid4

import httpx
import pytest

from services.intake.vault.sealing import Vault
from shared.chassis.database.pool import Pool
from shared.contracts.demand.facts import ChannelKind
from tests.intake.inbound.conftest import channel, facts, kinds
from tests.intake.test_api import is_a_problem


@pytest.fixture
async def visitor(outside: httpx.AsyncClient, pool: Pool, vault: Vault) -> httpx.AsyncClient:
    outside.headers["X-API-Key"] = await channel(pool, vault, ChannelKind.FIELD_VISIT)
    return outside


def draft(title: str = "路灯坏了", **changes: Any) -> dict[str, Any]:
    return {"id": str(uuid4()), "title": title, "occurred_at": "2021-05-11T02:00:00Z"} | changes


async def sync(visitor: httpx.AsyncClient, *drafts: Any) -> list[dict[str, Any]]:
    answer = await visitor.post("/v1/visits/drafts", json={"drafts": drafts})
    assert answer.status_code == 200, answer.text
    return list(answer.json()["drafts"])


async def test_drafts_become_demands_with_the_time_of_the_visit(visitor: httpx.AsyncClient, pool: Pool):
    first_draft, second_draft = draft(), draft("垃圾没人收", division="440605126222")
    answers = await sync(visitor, first_draft, second_draft)
    assert [answer["id"] for answer in answers] == [first_draft["id"], second_draft["id"]]
    assert [answer["number"][:4] for answer in answers] == ["NH21", "NH21"]
    assert [fact["division"] for fact in await facts(pool)] == ["440605000000", "440605126222"]


async def test_a_draft_may_give_urgency_and_vulnerability(visitor: httpx.AsyncClient, pool: Pool):
    await sync(visitor, draft(urgency="urgent", vulnerable=True), draft())
    assert [(fact.get("urgency"), fact.get("vulnerable")) for fact in await facts(pool)] == [
        ("urgent", True), (None, None),
    ]  # fmt: skip


async def test_sending_drafts_again_changes_nothing(visitor: httpx.AsyncClient, pool: Pool):
    drafts = [draft(), draft(), draft()]
    first = await sync(visitor, *drafts)
    again = await sync(visitor, *drafts, drafts[0], draft("新的"))
    assert [answer["number"] for answer in again[:4]] == [*(answer["number"] for answer in first), first[0]["number"]]
    assert [answer["created"] for answer in again] == [False, False, False, False, True]
    assert len(await kinds(pool)) == 4


@pytest.mark.parametrize(
    ("bad", "field"),
    [
        (draft(""), "title"),
        (draft(division="1"), "division"),
        (draft(id="x"), "id"),
        (draft(occurred_at="2999-01-01T00:00:00Z"), "occurred_at"),
        (draft(nonsense=1), "nonsense"),
        (7, "body"),
        (None, "body"),
        ([], "body"),
    ],
)
async def test_an_invalid_draft_is_explained_and_delays_no_other(
    visitor: httpx.AsyncClient, pool: Pool, bad: Any, field: str
):
    first, wrong, last = await sync(visitor, draft(), bad, draft())
    assert first["number"]
    assert last["number"]
    assert [error["field"] for error in wrong["errors"]] == [field]
    assert any("\u4e00" <= character <= "\u9fff" for character in wrong["errors"][0]["detail"])
    assert len(await kinds(pool)) == 2


async def test_a_draft_changed_after_sending_is_refused_with_the_hint_to_supplement(
    visitor: httpx.AsyncClient, pool: Pool
):
    first_draft = draft()
    (first,) = await sync(visitor, first_draft)
    (changed,) = await sync(visitor, first_draft | {"title": "另一件事"})
    assert first["number"] in changed["errors"][0]["detail_en"]
    assert len(await kinds(pool)) == 1


async def test_a_channel_of_another_kind_makes_no_visits(outside: httpx.AsyncClient, pool: Pool, vault: Vault):
    key = await channel(pool, vault, ChannelKind.WEB)
    refused = await outside.post("/v1/visits/drafts", json={"drafts": [draft()]}, headers={"X-API-Key": key})
    assert refused.status_code == 403
    is_a_problem(refused)


@pytest.mark.parametrize("spoilt", ["路灯\ud83d坏了", "路灯\0坏了", "路灯\x9f坏了"])
async def test_a_draft_with_an_invalid_character_is_refused_and_delays_no_other(
    visitor: httpx.AsyncClient, pool: Pool, spoilt: str
):
    good, bad = draft(), draft(spoilt)
    body = json.dumps({"drafts": [bad, good]}).encode()
    answer = await visitor.post("/v1/visits/drafts", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 200, answer.text
    first, second = answer.json()["drafts"]
    assert [error["field"] for error in first["errors"]] == ["title"]
    assert second["number"]
    assert await kinds(pool) == ["submitted"]
