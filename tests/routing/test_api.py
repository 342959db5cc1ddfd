"""What staff read and do over HTTP, on a real database."""

from shared.contracts.demand import facts as f
from tests import story
from tests.packs import nanhai, shipped
from tests.routing.conftest import TOKENS, RoutingApi, bearer

COORDINATOR = nanhai().coordinator
ELSEWHERE = next(pack for pack in shipped() if pack.id != "nanhai")
TRIAGED = (*story.SUBMITTED, f.DemandTriaged(reason="x"))
ROUTED = (*story.SUBMITTED, f.DemandRouted(unit="nh-tax", rule="r"))


async def test_a_coordinator_sees_only_the_triage_of_its_own_jurisdiction(api: RoutingApi):
    elsewhere = story.SUBMISSION.model_copy(
        update={"jurisdiction": ELSEWHERE.id, "division": ELSEWHERE.divisions[0].code}
    )
    await api.deliver(*TRIAGED, n=1)
    await api.deliver(elsewhere, *TRIAGED[1:], n=2)
    for unit, number in ((COORDINATOR, "NH21-000001-W"), (ELSEWHERE.coordinator, "NH21-000002-U")):
        body = (await api.get("/v1/cases/triage", unit)).json()
        assert [case["number"] for case in body["cases"]] == [number]
    assert (await api.get("/v1/cases/triage", "nh-tax")).status_code == 403


async def test_a_case_can_be_read_only_by_its_units_and_its_coordinator(api: RoutingApi):
    number = await api.deliver(*ROUTED)
    answers = {unit: (await api.get(f"/v1/cases/{number}", unit)).status_code
               for unit in ("nh-tax", COORDINATOR, "nh-police", ELSEWHERE.coordinator)}  # fmt: skip
    assert answers == {"nh-tax": 200, COORDINATOR: 200, "nh-police": 404, ELSEWHERE.coordinator: 404}


async def test_a_command_repeated_after_its_answer_was_pruned_is_refused_and_not_recorded_again(
    api: RoutingApi,
):
    number = await api.deliver(*ROUTED)
    await api.command(number, "accept", "1")
    first = await api.command(number, "progress", "2", json={"note": "已现场勘查"})
    assert first.status_code == 200
    recorded = await api.recorded_types()
    await api.pool.execute("DELETE FROM command_answer")
    repeated = await api.command(number, "progress", "2", json={"note": "已现场勘查"})
    assert (repeated.status_code, await api.recorded_types()) == (409, recorded)


async def test_a_repeated_command_is_recorded_once_and_gets_the_same_answer(api: RoutingApi):
    number = await api.deliver(*ROUTED)
    await api.command(number, "accept", "1")
    first = await api.command(number, "progress", "2", json={"note": "已现场勘查"})
    await api.command(number, "resolve", "3", json={"result": "修好了"})
    repeated = await api.command(number, "progress", "2", json={"note": "已现场勘查"})
    assert (repeated.status_code, repeated.json(), repeated.headers["ETag"]) == (
        200,
        first.json(),
        first.headers["ETag"],
    )
    assert await api.recorded_types() == ["demand.accepted.v1", "demand.progressed.v1", "demand.resolved.v1"]


async def test_a_key_cannot_be_used_for_another_command(api: RoutingApi):
    number = await api.deliver(*ROUTED)
    await api.command(number, "accept", "1")
    for command, body in (("progress", {"note": "x"}), ("resolve", {"result": "x"})):
        refused = await api.command(number, command, "1", json=body)
        assert (refused.status_code, refused.json()["type"].rpartition("/")[2]) == (422, "idempotency-key-reused")
    another = await api.deliver(*ROUTED, n=2)
    assert (await api.command(another, "accept", "1")).status_code == 200, "a key is for one demand"


async def test_a_command_without_a_key_is_refused_with_what_to_send(api: RoutingApi):
    number = await api.deliver(*ROUTED)
    refused = await api.client.post(f"/v1/cases/{number}/accept", headers=bearer("nh-tax"))
    assert (refused.status_code, refused.json()["type"].rpartition("/")[2]) == (400, "idempotency-key-missing")


async def test_a_command_on_an_outdated_version_is_refused(api: RoutingApi):
    number = await api.deliver(*ROUTED)
    etag = (await api.get(f"/v1/cases/{number}", "nh-tax")).headers["ETag"]
    accepted = await api.command(number, "accept", "1", headers={"If-Match": etag})
    assert (accepted.status_code, accepted.headers["ETag"] != etag) == (200, True)
    stale = await api.command(number, "progress", "2", json={"note": "x"}, headers={"If-Match": etag})
    assert (stale.status_code, accepted.headers["ETag"] in stale.json()["detail_en"]) == (412, True)
    tags = f'"x", {accepted.headers["ETag"]}'
    assert (
        await api.command(number, "progress", "3", json={"note": "x"}, headers={"If-Match": tags})
    ).status_code == 200
    assert (
        await api.command(number, "progress", "4", json={"note": "x"}, headers={"If-Match": "*"})
    ).status_code == 200
    repeated = await api.command(number, "accept", "1", headers={"If-Match": etag})
    assert repeated.status_code == 200, "it was said when it was still so"


async def test_a_case_shows_what_the_citizen_added_and_every_step_with_its_reason(api: RoutingApi):
    number = await api.deliver(
        story.SUBMISSION.model_copy(
            update={
                "text": "路面塌陷",
                "location": f.Location(lat=23.03, lon=113.14),
                "attachments": ("0192f0c1-7a3b-7000-8000-000000000001",),
            }
        ),
        *ROUTED[1:],
    )
    await api.deliver_notes(
        f.DemandSupplemented(text="早上又塌了一块"), f.DemandUrged(reason="等了十天"), f.DemandSupported()
    )
    await api.command(number, "accept", "1")
    # Long after the time in which a unit may return it, so the coordinator's staff return it.
    reason = {"reason": "属于交通局", "suggested_unit": "nh-transport"}
    assert (await api.command(number, "return", "2", json=reason, headers=bearer(COORDINATOR))).status_code == 200
    case = (await api.get(f"/v1/cases/{number}", "nh-tax")).json()
    assert (case["text"], case["location"]) == ("路面塌陷", {"lat": 23.03, "lon": 113.14})
    assert case["attachments"] == ["0192f0c1-7a3b-7000-8000-000000000001"]
    entries = {entry["type"]: (entry["by"], entry["data"]) for entry in case["timeline"]}
    assert entries["demand.supplemented"] == ("intake", {"text": "早上又塌了一块"})
    assert entries["demand.urged"][1] == {"reason": "等了十天"}
    assert "demand.supported" in entries
    assert entries["demand.returned"][0] == "routing"
    assert entries["demand.returned"][1]["reason"] == "属于交通局"
    assert "demand.submitted" not in entries


async def test_the_timeline_shows_a_fact_of_a_retired_version_like_a_present_one(api: RoutingApi):
    number = await api.deliver(*story.SUBMITTED, *ROUTED[1:])
    retired_fact = ("demand.routed.v1", '{"unit": "nh-tax", "rule": "r", "limit_days": 15}')
    for table in ("heard_fact", "journal"):
        await api.pool.execute(
            f"UPDATE {table} SET type = $1, payload = $2 WHERE type LIKE 'demand.routed.%'", *retired_fact
        )
    timeline = (await api.get(f"/v1/cases/{number}", "nh-tax")).json()["timeline"]
    (routed,) = [entry["data"] for entry in timeline if entry["type"] == "demand.routed"]
    assert routed == {"unit": "nh-tax", "rule": "r", "limit": {"days": 15}}


async def test_the_timeline_has_accesses_to_personal_data_and_no_unsent_messages(api: RoutingApi):
    number = await api.deliver(*ROUTED)
    looks = [f.PersonalDataViewed(by=by, fields=("phone",), why="x") for by in ("service:feedback", "陈")]
    await api.deliver_notes(*looks)
    timeline = (await api.get(f"/v1/cases/{number}", "nh-tax")).json()["timeline"]
    viewed = [entry["data"]["by"] for entry in timeline if entry["type"] == "demand.personal-data-viewed"]
    assert viewed == ["陈"]


async def test_the_comment_of_a_bad_rating_reaches_the_unit_that_answers_again(api: RoutingApi):
    resolved = (*ROUTED, f.DemandAccepted(by="陈"), f.DemandResolved(by="陈", result="x"))
    number = await api.deliver(*resolved, f.DemandReopened(reason="下雨还是漏", rating=1))
    timeline = (await api.get(f"/v1/cases/{number}", "nh-tax")).json()["timeline"]
    (reopened,) = [entry for entry in timeline if entry["type"] == "demand.reopened"]
    assert reopened["data"] == {"reason": "下雨还是漏", "rating": 1}


async def test_a_unit_lists_what_it_assists_with(api: RoutingApi):
    assisted = f.DemandRouted(unit="nh-tax", assisting=("nh-transport",), rule="r")
    number = await api.deliver(*story.SUBMITTED, assisted)
    helped = (await api.get("/v1/cases?assisting=true", "nh-transport")).json()["cases"]
    assert [case["number"] for case in helped] == [number]
    assert (await api.get("/v1/cases?assisting=true", "nh-tax")).json()["cases"] == []
    assert (await api.get("/v1/cases", "nh-transport")).json()["cases"] == []


async def test_a_dispatcher_corrects_a_wrong_routing_over_http(api: RoutingApi):
    number = await api.deliver(*ROUTED)
    await api.command(number, "accept", "1")
    refused = await api.command(number, "route", "2", json={"unit": "nh-transport"})
    assert (refused.status_code, COORDINATOR in refused.json()["detail_en"]) == (403, True)
    moved = await api.command(number, "route", "3", json={"unit": "nh-transport"}, headers=bearer(COORDINATOR))
    assert (moved.status_code, moved.json()["unit"]) == (200, "nh-transport")
    correction = {"category": "street-lighting", "reason": "是路灯"}
    corrected = await api.command(number, "reclassify", "4", json=correction, headers=bearer(COORDINATOR))
    assert (corrected.status_code, corrected.json()["category"]) == (200, "street-lighting")


async def test_all_staff_can_find_a_unit_by_words_with_the_unit_above_it(api: RoutingApi):
    page = (await api.get("/v1/units?text=鹤峰 station", "nh-tax")).json()
    assert page == {
        "units": [
            {
                "jurisdiction": "nanhai", "id": "station-440605126222", "name": "鹤峰村驻点直联工作站",
                "kind": "station", "level": "village", "division": "440605126222", "division_name": "鹤峰村委会",
                "above": "town-440605126000", "above_name": "里水镇人民政府",
            }
        ],
        "after": None,
    }  # fmt: skip
    assert (await api.client.get("/v1/units")).status_code == 401


async def test_pages_of_units_list_each_unit_once(api: RoutingApi):
    seen: list[str] = []
    after: str | None = ""
    while after is not None:
        page = (await api.get(f"/v1/units?limit=150&after={after}", "nh-tax")).json()
        seen += [unit["id"] for unit in page["units"]]
        after = page["after"]
    assert seen == [unit.id for pack in shipped() for unit in pack.units]
    refused = await api.get("/v1/units?after=nobody", "nh-tax")
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "after")


async def test_the_head_of_the_town_reads_a_case_of_a_village_and_a_clerk_of_the_town_does_not(api: RoutingApi):
    number = await api.deliver(*story.SUBMITTED, f.DemandRouted(unit="station-440605011001", rule="r"))
    answers = {}
    for role in ("clerk", "head", "leader", "auditor"):
        claims = {"name": "王", "unit": "town-440605011000", "roles": [role]}
        headers = {"Authorization": f"Bearer {TOKENS.write('staff', claims)}"}
        answers[role] = (await api.client.get(f"/v1/cases/{number}", headers=headers)).status_code
    assert answers == {"clerk": 404, "head": 200, "leader": 200, "auditor": 200}
