"""The version before is upgraded: its database is migrated, its topics are read on, and nobody notices."""

import json
from typing import Any

from shared.chassis.aggregates.journal import COLUMNS, from_row
from shared.chassis.consumer.record import Record
from shared.contracts.topics import DEMAND_EVENTS
from tests.upgrade.conftest import Upgraded, records


async def test_figures_stand_as_they_stood(upgraded: Upgraded):
    answer = await upgraded.webs["reporting"].get("/v1/figures/completion?jurisdiction=nanhai")
    known, now = upgraded.before["figures"], answer.json()
    assert known["total"].items() <= now["total"].items(), "figures may be added"
    assert all(before.items() <= row.items() for before, row in zip(known["rows"], now["rows"], strict=True))
    assert known["total"]["collected"] == 6


async def test_what_was_read_before_changes_nothing_when_it_is_read_again(upgraded: Upgraded):
    def counted(pool_of: str) -> str:
        table = "demand_facts" if pool_of == "reporting" else "demand"
        return f"SELECT count(*), sum(version), (SELECT count(*) FROM journal) FROM {table}"

    before = {name: tuple(await pool.fetchrow(counted(name))) for name, pool in upgraded.pools.items()}
    for reader in upgraded.readers.values():
        await reader.deliver(records())
    after = {name: tuple(await pool.fetchrow(counted(name))) for name, pool in upgraded.pools.items()}
    assert before == after
    assert await upgraded.pools["reporting"].fetchval("SELECT count(*) FROM dead_letter") == 1, "the one that it had"


async def test_a_fact_that_was_told_and_not_yet_heard_goes_through_the_loop(upgraded: Upgraded):
    row = await upgraded.pools["intake"].fetchrow(f"SELECT {COLUMNS} FROM journal ORDER BY position DESC LIMIT 1")
    envelope = from_row(row)
    told = Record(
        DEMAND_EVENTS.name, 0, 10_000, str(envelope.key).encode(), tuple(envelope.headers()), envelope.data.encode()
    )
    for name in ("routing", "feedback", "reporting"):
        await upgraded.readers[name].deliver([told])
    case = await upgraded.webs["routing"].get(f"/v1/cases/{upgraded.number(6)}", headers=upgraded.staff)
    assert case.json()["demand"]["status"] == "routed", case.text


def in_words_of_today(entry: dict[str, Any]) -> dict[str, Any]:
    """An entry of the timeline: what was told in a retired version is shown with the fields of the one told today."""
    if entry["type"] != "demand.routed":
        return entry
    data = dict(entry["data"])
    if days := data.pop("limit_days", None):
        data["limit"] = {"days": days}
    return entry | {"data": data}


def without_new_fields(answer: Any, before: Any) -> Any:
    """An answer of today with those fields alone, within lists too, that the answer of before had."""
    if isinstance(answer, dict) and isinstance(before, dict):
        return {name: without_new_fields(answer[name], value) for name, value in before.items()}
    if isinstance(answer, list) and isinstance(before, list) and len(answer) == len(before):
        return [without_new_fields(one, was) for one, was in zip(answer, before, strict=True)]
    return answer


async def test_staff_and_citizens_are_answered_as_they_were(upgraded: Upgraded):
    before = upgraded.before
    code = {"X-Demand-Code": before["numbers"]["4"]["code"]}
    followed = await upgraded.webs["intake"].get(f"/v1/demands/{upgraded.number(4)}", headers=code)
    assert without_new_fields(followed.json(), before["followed"]) == before["followed"]
    case = await upgraded.webs["routing"].get(f"/v1/cases/{upgraded.number(4)}", headers=upgraded.staff)
    demand = before["case"]["demand"]
    found = case.json()
    assert {name: found["demand"][name] for name in demand} == demand
    assert found["timeline"] == [in_words_of_today(one) for one in before["case"]["timeline"]]
    assert {name: found[name] for name in ("text", "location", "attachments")} == {
        name: before["case"][name] for name in ("text", "location", "attachments")
    }
    again = await upgraded.webs["routing"].post(
        f"/v1/cases/{upgraded.number(4)}/accept", headers=upgraded.staff | {"Idempotency-Key": "accept4"}
    )
    accepted = before["accepted"]
    assert {name: again.json()[name] for name in accepted} == accepted, "a command of before, sent again"


async def test_a_link_of_before_opens_and_takes_the_verdict(upgraded: Upgraded):
    rated = await upgraded.webs["feedback"].post(f"/v1/ratings/{upgraded.link(2)}", json={"rating": 4, "solved": True})
    assert rated.json()["status"] == "closed"
    again = await upgraded.webs["feedback"].post(f"/v1/ratings/{upgraded.link(3)}", json={"rating": 5, "solved": True})
    assert again.json()["status"] == "closed", "rated before, and answered as it was"


async def test_a_key_of_before_is_still_taken_and_a_request_known(upgraded: Upgraded):
    body = {"title": "路灯不亮", "division": "440605126222", "category": "street-lighting", "external_id": "r6"}
    headers = {"X-API-Key": upgraded.key, "Idempotency-Key": "k6"}
    answer = await upgraded.webs["intake"].post("/v1/demands", json=body, headers=headers)
    assert answer.json()["number"] == upgraded.number(6)


async def test_what_waited_for_an_earlier_fact_still_waits(upgraded: Upgraded):
    rows = await upgraded.pools["reporting"].fetch("SELECT stream, sequence FROM parked")
    assert [tuple(row) for row in rows] == [("demand", 3)]


async def test_messages_that_were_to_be_sent_are_still_to_be_sent(upgraded: Upgraded):
    assert json.dumps(upgraded.before["numbers"])
    assert await upgraded.pools["feedback"].fetchval("SELECT count(*) FROM intent WHERE state = 'pending'") == 23


async def test_what_nobody_rates_will_be_closed(upgraded: Upgraded):
    assert await upgraded.pools["feedback"].fetchval("SELECT count(*) FROM timer WHERE kind = 'unrated'") == 1
