"""The citizen reads everything that is known of a demand: unit, due time, answer, reasons, and their own words."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import httpx
import pytest

from services.intake import app
from services.intake.channels import keys
from services.intake.channels.keys import Scope
from services.intake.tracking.documents import Followed, Progress
from services.intake.tracking.words_projection import SAID
from shared.chassis.consumer.delivery import Delivery
from shared.chassis.database.pool import Pool
from shared.contracts.demand import facts as f
from shared.contracts.demand.facts import ChannelKind
from shared.contracts.demand.groups import AMONG_OFFICES
from shared.contracts.event_types import STATUS_FACTS
from shared.identity.citizen_links import CitizenLinks, Holder
from tests.chassis.conftest import Log
from tests.intake.conftest import settings
from tests.intake.test_api import GOOD
from tests.intake.test_notes import another, say, sight, taken

DUE = datetime(2099, 1, 1, tzinfo=UTC)
LATER = datetime(2099, 1, 15, tzinfo=UTC)
STATION = "station-440605126222"
RETURNED = (
    f.DemandRouted(unit="nh-transport", rule="r1", due_at=DUE),
    f.DemandAccepted(by="陈志强"),
    f.DemandReturned(by="陈志强", reason="校车由教育局统筹", suggested_unit=STATION),
    f.DemandRouted(unit=STATION, rule="suggested-on-return", due_at=DUE),
    f.DemandAccepted(by="陈志强"),
    f.DemandContacted(by="陈志强", note="已电话联系，约周三看现场"),
    f.DemandExtended(due_at=LATER, reason="需现场勘测", approved_by="黄主任"),
    f.DemandProgressed(by="陈志强", note="本周施工", evidence=("现场照片",)),
    f.DemandListed(level="village", project="风雨棚", reason="列入年度计划"),
)
RESOLVED = f.DemandResolved(by="陈志强", result="风雨棚已建成并验收", summary="风雨棚已建成", evidence=("验收单",))


class Town:
    """Other services, whose facts intake hears of a demand that it took in."""

    def __init__(self, pool: Pool, database: str) -> None:
        self.pool, self.log = pool, Log()
        self.delivery = Delivery(pool, app.worker(settings(database), pool).repositories, "cluster")

    async def tells(self, receipt: dict[str, Any], *facts: f.StatusFact) -> None:
        key = UUID(receipt["id"])
        async with self.pool.acquire() as db:
            version = await db.fetchval("SELECT version FROM demand WHERE id = $1", key)
        await self.delivery.deliver(self.log.records(*facts, first=version + 1, key=key))


@pytest.fixture
def town(pool: Pool, database: str) -> Town:
    return Town(pool, database)


async def followed(client: httpx.AsyncClient, receipt: dict[str, Any], **headers: str) -> dict[str, Any]:
    answer = await client.get(f"/v1/demands/{receipt['number']}", headers=headers)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def by_code(client: httpx.AsyncClient, receipt: dict[str, Any]) -> dict[str, Any]:
    answer = await client.get(
        f"/v1/demands/{receipt['number']}", params={"code": receipt["code"]}, headers={"X-API-Key": ""}
    )
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def test_a_fresh_demand_says_where_it_stands_and_what_it_is(client: httpx.AsyncClient):
    receipt = await taken(client, text="早上二十几个孩子，电话13800138000")
    told = await by_code(client, receipt)
    assert told == await followed(client, receipt)
    assert told["stands"].startswith("已登记")
    assert told["text"] == "早上二十几个孩子，电话［手机号］"
    assert (told["kind"], told["title"]) == ("help", GOOD["title"])
    assert told["place"] == "南海区 里水镇 鹤峰村委会"
    assert told["category_name"]
    assert (told["supports"], told["spoken"], told["returns"], told["answer"]) == (0, [], [], None)


async def test_the_way_of_a_demand_is_told_with_units_reasons_and_times(client: httpx.AsyncClient, town: Town):
    receipt = await taken(client)
    await town.tells(receipt, *RETURNED)
    told = await by_code(client, receipt)
    assert told["stands"].startswith("已列入清单")
    assert told["unit"] == STATION
    assert told["unit_name"] not in ("", STATION)
    assert datetime.fromisoformat(told["due_at"]) == LATER
    (returned,) = told["returns"]
    assert (returned["unit"], returned["reason"], returned["suggested_unit"]) == (
        "nh-transport", "校车由教育局统筹", STATION,
    )  # fmt: skip
    assert returned["unit_name"] not in ("", "nh-transport")
    assert returned["suggested_unit_name"] == told["unit_name"]
    (extension,) = told["extensions"]
    assert (extension["reason"], datetime.fromisoformat(extension["due_at"])) == ("需现场勘测", LATER)
    assert [one["note"] for one in told["remarks"]] == ["已电话联系，约周三看现场", "本周施工"]
    assert (told["listed"]["project"], told["listed"]["reason"]) == ("风雨棚", "列入年度计划")
    assert told["answer"] is None


async def test_each_pause_is_told_with_its_reason_and_its_end(client: httpx.AsyncClient, town: Town):
    receipt = await taken(client)
    paused = f.DemandPaused(by="陈志强", reason="weather", note="台风登陆", until=LATER)
    await town.tells(receipt, *RETURNED[:5], paused, f.DemandResumed(due_at=LATER), paused)
    first, second = (await by_code(client, receipt))["pauses"]
    assert (first["reason"], first["note"], datetime.fromisoformat(first["until"])) == ("weather", "台风登陆", LATER)
    assert first["reason_name"] not in ("", "weather")
    assert (first["unit"], first["ended_at"] is None, second["ended_at"]) == (STATION, False, None)


async def test_no_name_of_staff_and_no_evidence_is_told(client: httpx.AsyncClient, town: Town, pool: Pool):
    receipt = await taken(client)
    await town.tells(receipt, *RETURNED, RESOLVED)
    told = await by_code(client, receipt)
    async with pool.acquire() as db:
        kept = "".join(row["said"] for row in await db.fetch("SELECT said FROM demand_told"))
    for hidden in ("陈志强", "黄主任", "现场照片", "验收单"):
        assert hidden not in str(told)
        assert hidden not in kept


async def test_the_answer_the_verdict_and_a_reopening_are_told(client: httpx.AsyncClient, town: Town):
    receipt = await taken(client)
    await town.tells(receipt, *RETURNED, RESOLVED)
    told = await by_code(client, receipt)
    assert (told["answer"]["result"], told["answer"]["summary"]) == (RESOLVED.result, RESOLVED.summary)
    assert (told["answer"]["unit"], told["rating"]) == (STATION, None)
    await town.tells(receipt, f.DemandReopened(reason="还是漏雨", rating=2))
    told = await by_code(client, receipt)
    assert told["answer"] is None
    assert [(one["reason"], one["rating"]) for one in told["reopenings"]] == [("还是漏雨", 2)]
    await town.tells(
        receipt,
        f.DemandRouted(unit=STATION, rule="reopened"),
        f.DemandAccepted(by="陈志强"),
        f.DemandResolved(by="陈志强", result="已修好"),
        f.DemandConfirmed(rating=5, solved=True, comment="很好"),
        f.DemandClosed(outcome=f.Outcome.CONFIRMED),
    )
    told = await by_code(client, receipt)
    assert (told["answer"]["result"], told["rating"]["rating"], told["rating"]["solved"]) == ("已修好", 5, True)
    assert (told["rating"]["comment"], told["outcome"], len(told["reopenings"])) == ("很好", "confirmed", 1)
    assert told["stands"].startswith("已归档")


async def test_a_refusal_says_why_by_which_law_and_where_to_go_instead(client: httpx.AsyncClient, town: Town):
    receipt = await taken(client)
    await town.tells(receipt, f.DemandDeclined(reason="接送点在邻区", legal_basis="条例第五条", instead="荔湾区 12345"))
    refusal = (await by_code(client, receipt))["refusal"]
    assert (refusal["reason"], refusal["legal_basis"], refusal["instead"]) == (
        "接送点在邻区", "条例第五条", "荔湾区 12345",
    )  # fmt: skip
    await town.tells(receipt, f.DemandReopened(reason="就在本区"))
    assert (await by_code(client, receipt))["refusal"] is None


async def test_a_merged_demand_says_with_which(client: httpx.AsyncClient, town: Town):
    receipt, parent = await taken(client), await taken(client, "k2")
    await town.tells(receipt, f.DemandMerged(parent=UUID(parent["id"]), parent_number=parent["number"]))
    assert (await by_code(client, receipt))["merged"]["parent_number"] == parent["number"]


async def test_what_the_citizen_said_and_how_many_support_it_are_told(client: httpx.AsyncClient, pool: Pool):
    receipt, hotline = await taken(client), await another(pool)
    await say(client, receipt["number"], "supplements", {"text": "请打13912345678"}, "s1")
    await say(client, receipt["number"], "urges", {"reason": "雨季快到了"}, "s2")
    await say(client, receipt["number"], "withdrawal", {"reason": "学校装好了"}, "s3")
    for n in range(3):
        await say(client, receipt["number"], "supports", {"contact": {"phone": f"1380013800{n}"}}, f"p{n}")
    await sight(client, receipt["number"], "call-9", hotline)
    told = await by_code(client, receipt)
    assert [(one["type"], one["text"]) for one in told["spoken"]] == [
        ("demand.supplemented", "请打［手机号］"),
        ("demand.urged", "雨季快到了"),
        ("demand.withdrawal-requested", "学校装好了"),
    ]
    assert told["supports"] == 4


async def test_an_answer_of_before_there_was_a_story_is_told_as_far_as_it_was_released(
    client: httpx.AsyncClient, town: Town, pool: Pool
):
    receipt = await taken(client)
    await town.tells(receipt, *RETURNED, RESOLVED)
    async with pool.acquire() as db:
        await db.execute("DELETE FROM demand_told")
        await db.execute(_backfill())
    answer = (await by_code(client, receipt))["answer"]
    assert (answer["summary"], answer["result"], answer["unit"]) == (RESOLVED.summary, "", STATION)


def _backfill() -> str:
    """The statement of the migration that fills the table."""
    (path,) = app.MIGRATIONS.glob("*_told.sql")
    text = path.read_text("utf-8")
    return text[text.index("INSERT INTO") : text.index("-- migrate:down")]


def test_nothing_that_was_told_before_is_missing():
    assert set(Progress.model_fields) == {
        "id", "number", "status", "title", "category", "division", "submitted_at", "updated_at", "unit", "due_at",
        "resolved_at", "outcome",
    }  # fmt: skip
    assert issubclass(Followed, Progress)


def test_every_fact_with_words_is_in_the_story_or_says_nothing_to_the_citizen():
    silent = {
        f.DemandSubmitted, f.DemandTriaged, f.DemandRouted, f.DemandReclassified, f.DemandAccepted, f.DemandClosed,
        f.DemandUnmerged, *AMONG_OFFICES,
    }  # fmt: skip
    assert set(SAID) | silent == set(STATUS_FACTS.values())


async def test_whoever_may_judge_the_answer_is_given_the_link_to_do_it_and_nobody_else(
    client: httpx.AsyncClient, town: Town, pool: Pool, database: str
):
    receipt = await taken(client)
    await town.tells(receipt, *RETURNED)
    assert (await followed(client, receipt))["rating_link"] is None
    await town.tells(receipt, RESOLVED)
    told = await followed(client, receipt)
    assert told == await by_code(client, receipt)
    known = settings(database)
    links = CitizenLinks.at(known.public_url, known.secret)
    link = links.read(told["rating_link"].rpartition("/")[2])
    assert (link.demand, link.holder, link.answer) == (UUID(receipt["id"]), Holder.CITIZEN, len(RETURNED) + 2)
    assert told["rating_link"].startswith(f"{known.public_url}/rate/")
    everything = await keys.add(pool, "analysis", ChannelKind.PARTNER, "分析", (Scope.SUBMIT, Scope.READ_ALL))
    seen = await followed(client, receipt, **{"X-API-Key": everything})
    assert (seen["answer"]["result"], seen["rating_link"]) == ("风雨棚已建成并验收", None)
    other = await another(pool)
    assert (await sight(client, receipt["number"], "H-1", other)).status_code == 201
    assert (await followed(client, receipt, **{"X-API-Key": other}))["rating_link"] is None
