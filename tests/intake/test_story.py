"""The citizen reads the whole history of a demand: unit, due time, answer, reasons, and their own texts."""

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
from shared.identity.citizen_links import CitizenLinks, LinkHolder
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


class OtherServices:
    """Other services, whose facts about a demand are delivered to intake."""

    def __init__(self, pool: Pool, database: str) -> None:
        self.pool, self.log = pool, Log()
        self.delivery = Delivery(pool, app.worker(settings(database), pool).repositories, "cluster")

    async def deliver(self, receipt: dict[str, Any], *facts: f.StatusFact) -> None:
        key = UUID(receipt["id"])
        async with self.pool.acquire() as db:
            version = await db.fetchval("SELECT version FROM demand WHERE id = $1", key)
        await self.delivery.deliver(self.log.records(*facts, first=version + 1, key=key))


@pytest.fixture
def other_services(pool: Pool, database: str) -> OtherServices:
    return OtherServices(pool, database)


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


async def test_a_new_demand_shows_its_status_and_content(client: httpx.AsyncClient):
    receipt = await taken(client, text="早上二十几个孩子，电话13800138000")
    view = await by_code(client, receipt)
    assert view == await followed(client, receipt)
    assert view["stands"].startswith("已登记")
    assert view["text"] == "早上二十几个孩子，电话［手机号］"
    assert (view["kind"], view["title"]) == ("help", GOOD["title"])
    assert view["place"] == "南海区 里水镇 鹤峰村委会"
    assert view["category_name"]
    assert (view["supports"], view["spoken"], view["returns"], view["answer"]) == (0, [], [], None)


async def test_the_history_of_a_demand_has_units_reasons_and_times(
    client: httpx.AsyncClient, other_services: OtherServices
):
    receipt = await taken(client)
    await other_services.deliver(receipt, *RETURNED)
    view = await by_code(client, receipt)
    assert view["stands"].startswith("已列入清单")
    assert view["unit"] == STATION
    assert view["unit_name"] not in ("", STATION)
    assert datetime.fromisoformat(view["due_at"]) == LATER
    (returned,) = view["returns"]
    assert (returned["unit"], returned["reason"], returned["suggested_unit"]) == (
        "nh-transport", "校车由教育局统筹", STATION,
    )  # fmt: skip
    assert returned["unit_name"] not in ("", "nh-transport")
    assert returned["suggested_unit_name"] == view["unit_name"]
    (extension,) = view["extensions"]
    assert (extension["reason"], datetime.fromisoformat(extension["due_at"])) == ("需现场勘测", LATER)
    assert [entry["note"] for entry in view["remarks"]] == ["已电话联系，约周三看现场", "本周施工"]
    assert (view["listed"]["project"], view["listed"]["reason"]) == ("风雨棚", "列入年度计划")
    assert view["answer"] is None


async def test_each_pause_is_shown_with_its_reason_and_its_end(
    client: httpx.AsyncClient, other_services: OtherServices
):
    receipt = await taken(client)
    paused = f.DemandPaused(by="陈志强", reason="weather", note="台风登陆", until=LATER)
    await other_services.deliver(receipt, *RETURNED[:5], paused, f.DemandResumed(due_at=LATER), paused)
    first, second = (await by_code(client, receipt))["pauses"]
    assert (first["reason"], first["note"], datetime.fromisoformat(first["until"])) == ("weather", "台风登陆", LATER)
    assert first["reason_name"] not in ("", "weather")
    assert (first["unit"], first["ended_at"] is None, second["ended_at"]) == (STATION, False, None)


async def test_names_of_staff_and_evidence_are_not_shown(
    client: httpx.AsyncClient, other_services: OtherServices, pool: Pool
):
    receipt = await taken(client)
    await other_services.deliver(receipt, *RETURNED, RESOLVED)
    view = await by_code(client, receipt)
    async with pool.acquire() as db:
        stored_text = "".join(row["said"] for row in await db.fetch("SELECT said FROM demand_told"))
    for hidden in ("陈志强", "黄主任", "现场照片", "验收单"):
        assert hidden not in str(view)
        assert hidden not in stored_text


async def test_the_answer_the_verdict_and_a_reopening_are_shown(
    client: httpx.AsyncClient, other_services: OtherServices
):
    receipt = await taken(client)
    await other_services.deliver(receipt, *RETURNED, RESOLVED)
    view = await by_code(client, receipt)
    assert (view["answer"]["result"], view["answer"]["summary"]) == (RESOLVED.result, RESOLVED.summary)
    assert (view["answer"]["unit"], view["rating"]) == (STATION, None)
    await other_services.deliver(receipt, f.DemandReopened(reason="还是漏雨", rating=2))
    view = await by_code(client, receipt)
    assert view["answer"] is None
    assert [(entry["reason"], entry["rating"]) for entry in view["reopenings"]] == [("还是漏雨", 2)]
    await other_services.deliver(
        receipt,
        f.DemandRouted(unit=STATION, rule="reopened"),
        f.DemandAccepted(by="陈志强"),
        f.DemandResolved(by="陈志强", result="已修好"),
        f.DemandConfirmed(rating=5, solved=True, comment="很好"),
        f.DemandClosed(outcome=f.Outcome.CONFIRMED),
    )
    view = await by_code(client, receipt)
    assert (view["answer"]["result"], view["rating"]["rating"], view["rating"]["solved"]) == ("已修好", 5, True)
    assert (view["rating"]["comment"], view["outcome"], len(view["reopenings"])) == ("很好", "confirmed", 1)
    assert view["stands"].startswith("已归档")


async def test_a_refusal_says_why_by_which_law_and_where_to_go_instead(
    client: httpx.AsyncClient, other_services: OtherServices
):
    receipt = await taken(client)
    await other_services.deliver(
        receipt, f.DemandDeclined(reason="接送点在邻区", legal_basis="条例第五条", instead="荔湾区 12345")
    )
    refusal = (await by_code(client, receipt))["refusal"]
    assert (refusal["reason"], refusal["legal_basis"], refusal["instead"]) == (
        "接送点在邻区", "条例第五条", "荔湾区 12345",
    )  # fmt: skip
    await other_services.deliver(receipt, f.DemandReopened(reason="就在本区"))
    assert (await by_code(client, receipt))["refusal"] is None


async def test_a_merged_demand_says_with_which(client: httpx.AsyncClient, other_services: OtherServices):
    receipt, parent = await taken(client), await taken(client, "k2")
    await other_services.deliver(receipt, f.DemandMerged(parent=UUID(parent["id"]), parent_number=parent["number"]))
    assert (await by_code(client, receipt))["merged"]["parent_number"] == parent["number"]


async def test_the_citizens_notes_and_the_number_of_supporters_are_shown(client: httpx.AsyncClient, pool: Pool):
    receipt, hotline = await taken(client), await another(pool)
    await say(client, receipt["number"], "supplements", {"text": "请打13912345678"}, "s1")
    await say(client, receipt["number"], "urges", {"reason": "雨季快到了"}, "s2")
    await say(client, receipt["number"], "withdrawal", {"reason": "学校装好了"}, "s3")
    for n in range(3):
        await say(client, receipt["number"], "supports", {"contact": {"phone": f"1380013800{n}"}}, f"p{n}")
    await sight(client, receipt["number"], "call-9", hotline)
    view = await by_code(client, receipt)
    assert [(entry["type"], entry["text"]) for entry in view["spoken"]] == [
        ("demand.supplemented", "请打［手机号］"),
        ("demand.urged", "雨季快到了"),
        ("demand.withdrawal-requested", "学校装好了"),
    ]
    assert view["supports"] == 4


async def test_an_answer_older_than_the_history_table_is_shown_as_far_as_released(
    client: httpx.AsyncClient, other_services: OtherServices, pool: Pool
):
    receipt = await taken(client)
    await other_services.deliver(receipt, *RETURNED, RESOLVED)
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


def test_no_earlier_field_of_the_response_is_missing():
    assert set(Progress.model_fields) == {
        "id", "number", "status", "title", "category", "division", "submitted_at", "updated_at", "unit", "due_at",
        "resolved_at", "outcome",
    }  # fmt: skip
    assert issubclass(Followed, Progress)


def test_every_fact_with_text_is_in_the_history_or_irrelevant_to_the_citizen():
    silent = {
        f.DemandSubmitted, f.DemandTriaged, f.DemandRouted, f.DemandReclassified, f.DemandAccepted, f.DemandClosed,
        f.DemandUnmerged, *AMONG_OFFICES,
    }  # fmt: skip
    assert set(SAID) | silent == set(STATUS_FACTS.values())


async def test_only_those_who_may_rate_the_answer_get_the_link_to_do_so(
    client: httpx.AsyncClient, other_services: OtherServices, pool: Pool, database: str
):
    receipt = await taken(client)
    await other_services.deliver(receipt, *RETURNED)
    assert (await followed(client, receipt))["rating_link"] is None
    await other_services.deliver(receipt, RESOLVED)
    view = await followed(client, receipt)
    assert view == await by_code(client, receipt)
    changed_settings = settings(database)
    links = CitizenLinks.at(changed_settings.public_url, changed_settings.secret)
    link = links.read(view["rating_link"].rpartition("/")[2])
    assert (link.demand, link.holder, link.answer) == (UUID(receipt["id"]), LinkHolder.CITIZEN, len(RETURNED) + 2)
    assert view["rating_link"].startswith(f"{changed_settings.public_url}/rate/")
    everything = await keys.add(pool, "analysis", ChannelKind.PARTNER, "分析", (Scope.SUBMIT, Scope.READ_ALL))
    other_view = await followed(client, receipt, **{"X-API-Key": everything})
    assert (other_view["answer"]["result"], other_view["rating_link"]) == ("风雨棚已建成并验收", None)
    other = await another(pool)
    assert (await sight(client, receipt["number"], "H-1", other)).status_code == 201
    assert (await followed(client, receipt, **{"X-API-Key": other}))["rating_link"] is None
