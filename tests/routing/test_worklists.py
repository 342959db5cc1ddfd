"""The lists of a desk and the handling of merged cases, on a real database."""

from datetime import timedelta
from typing import Any

from services.routing.assembled import demand_repository
from services.routing.cases import worklists
from services.routing.cases.following import PARENT, follow_parent
from services.routing.cases.worklist_filters import Filters
from services.routing.cases.worklists import BEGINNING, Desk, List
from shared.chassis.base.clock import now
from shared.chassis.work.timers import Timers
from shared.contracts.demand import facts as f
from shared.contracts.numbers import number
from tests import story
from tests.packs import nanhai, shipped
from tests.routing.conftest import RoutingApi, bearer

PACK = nanhai()
STATION, TOWN, TAX = "station-440605011001", "town-440605011000", "nh-tax"


def routed(days: float | None, unit: str = TAX, **changes: Any) -> tuple[f.StatusFact, ...]:
    due_at = now() + timedelta(days=days) if days is not None else None
    submission = story.SUBMISSION.model_copy(update=changes)
    return (submission, f.DemandRouted(unit=unit, rule="r", due_at=due_at))


async def listed(api: RoutingApi, query: str = "", unit: str = TAX) -> list[str]:
    answer = await api.get(f"/v1/cases{query}", unit)
    assert answer.status_code == 200, answer.text
    return [case["number"] for case in answer.json()["cases"]]


async def test_vulnerable_cases_come_first_and_then_the_earliest_due(api: RoutingApi):
    late = await api.deliver(*routed(9), n=1)
    soon = await api.deliver(*routed(1), n=2)
    never = await api.deliver(*routed(None), n=3)
    paused = await api.deliver(*routed(0.5), f.DemandAccepted(by="陈"), f.DemandPaused(by="陈", reason="weather"), n=4)
    vulnerable = await api.deliver(*routed(20, vulnerable=True), n=5)
    assert await listed(api) == [vulnerable, soon, late, never, paused]
    assert await listed(api, "?sort=age") == [late, soon, never, paused, vulnerable]


async def test_pages_of_a_list_have_no_gap_or_overlap(api: RoutingApi):
    numbers = [await api.deliver(*routed(n % 3), n=n) for n in range(1, 8)]
    for sort in ("due", "age"):
        seen: list[str] = []
        query: dict[str, Any] = {"limit": 2, "sort": sort}
        while True:
            page = (await api.client.get("/v1/cases", params=query, headers=bearer(TAX))).json()
            seen += [case["number"] for case in page["cases"]]
            if "next" not in page:
                break
            query["after"] = page["next"]
        assert sorted(seen) == sorted(numbers), sort
        assert len(seen) == len(set(seen))


async def test_each_list_has_its_cases_and_its_count(api: RoutingApi):
    overdue = await api.deliver(*routed(-2), n=1)
    today = await api.deliver(*routed(0.01), n=2)
    mine = await api.deliver(*routed(30), f.DemandAccepted(by="陈"), n=3)
    reopened = await api.deliver(
        *routed(30), f.DemandAccepted(by="周"), f.DemandResolved(by="周", result="x"), f.DemandReopened(reason="y"),
        f.DemandRouted(unit=TAX, rule="reopened"), n=4
    )  # fmt: skip
    returned = await api.deliver(
        *routed(30, unit=STATION), f.DemandReturned(by="x", reason="x", suggested_unit=TAX),
        f.DemandRouted(unit=TAX, rule="suggested-on-return"), n=5,
    )  # fmt: skip
    urged = await api.deliver(*routed(30), n=6)
    await api.deliver_notes(f.DemandUrged(reason="等了十天"), f.DemandSupported(), n=6)
    await api.pool.execute("UPDATE demand SET words_at = words_at + interval '1 day'")
    expected = {
        "overdue": [overdue], "due-soon": [today], "mine": [mine], "reopened": [reopened], "returned": [returned],
        "urged": [urged], "new-words": [urged], "paused": [], "assisting": [],
        "unsigned": [overdue, today, urged, reopened, returned],
    }  # fmt: skip
    counts = (await api.get("/v1/cases/counts", TAX)).json()["counts"]
    for name, numbers in expected.items():
        assert sorted(await listed(api, f"?list={name}")) == sorted(numbers), name
        assert counts[name] == len(numbers), name
    assert counts["open"] == 6
    (case,) = (await api.get("/v1/cases?list=urged", TAX)).json()["cases"]
    assert (case["urges"], case["supports"], case["has_new_words"]) == (1, 1, True)


async def test_a_list_is_filtered_by_place_category_handler_and_words(api: RoutingApi):
    road = await api.deliver(*routed(1, title="东二村口路灯"), f.DemandAccepted(by="陈"), n=1)
    other = await api.deliver(*routed(2, category="noise", division="440605126222"), n=2)
    assert await listed(api, "?category=noise") == [other]
    assert await listed(api, "?division=440605126222") == [other]
    assert await listed(api, "?handler=陈") == [road]
    assert await listed(api, "?text=路灯") == [road]
    assert await listed(api, f"?text={other}") == [other]


async def test_an_unknown_list_filter_or_cursor_is_refused(api: RoutingApi):
    for query in ("?list=everything", "?overdue=true", "?after=xyz", "?sort=colour"):
        assert (await api.get(f"/v1/cases{query}", TAX)).status_code == 422, query


async def test_a_requested_extension_is_on_the_list_of_the_person_who_decides(api: RoutingApi):
    number = await api.deliver(*routed(5, unit=STATION), f.DemandAccepted(by="陈"))
    headers = {"Idempotency-Key": "1", **bearer(STATION)}
    answer = await api.client.post(
        f"/v1/cases/{number}/request-extension", headers=headers, json={"working_days": 3, "reason": "x"}
    )
    assert answer.status_code == 200, answer.text
    assert await listed(api, "?list=to-decide", TOWN) == [number]
    assert (await api.get("/v1/cases/counts", TOWN)).json()["counts"]["to-decide"] == 1
    assert await listed(api, "?list=to-decide", TAX) == []


async def test_a_case_escalated_to_a_unit_is_on_its_list(api: RoutingApi):
    number = await api.deliver(*routed(-1, unit=STATION))
    assert await listed(api, "?list=escalated", TOWN) == []
    await api.deliver_notes(f.DemandEscalated(to=TOWN, reason="逾期"))
    assert await listed(api, "?list=escalated", TOWN) == [number]
    assert (await api.get("/v1/cases/counts", TOWN)).json()["counts"]["escalated"] == 1
    assert await listed(api, "?list=escalated", STATION) == []


async def test_one_command_for_many_cases_returns_a_result_for_each(api: RoutingApi):
    first, second = (
        await api.deliver(*routed(1), n=1),
        await api.deliver(*routed(1), f.DemandAccepted(by="x"), n=2),
    )
    unknown = number("NH", 2021, 99)
    answer = await api.client.post(
        "/v1/cases/bulk",
        headers={"Idempotency-Key": "1", **bearer(TAX)},
        json={"command": "accept", "numbers": [first, second, unknown]},
    )
    outcomes = answer.json()["outcomes"]
    assert [(o["number"], o["status"], o["refused"]) for o in outcomes] == [
        (first, "accepted", None), (second, None, "illegal-transition"), (unknown, None, "not-found"),
    ]  # fmt: skip
    assert outcomes[1]["detail"]


async def test_a_bulk_command_that_does_not_exist_or_lacks_a_field_is_refused_as_a_whole(api: RoutingApi):
    number = await api.deliver(*routed(1))
    for body, field in (({"command": "dance"}, "command"), ({"command": "progress"}, "note")):
        answer = await api.client.post(
            "/v1/cases/bulk", headers={"Idempotency-Key": "1", **bearer(TAX)}, json={"numbers": [number], **body}
        )
        assert answer.status_code == 422
        assert field in answer.text


async def merged(api: RoutingApi) -> tuple[str, str, Timers]:
    """A parent, a case merged into it, and the timers of routing's worker."""
    parent, child = await api.deliver(*routed(5), n=1), await api.deliver(*routed(3), n=2)
    headers = {"Idempotency-Key": "m", **bearer(TAX)}
    answer = await api.client.post(
        f"/v1/cases/{child}/merge", headers=headers, json={"into": parent, "reason": "同一处"}
    )
    assert answer.status_code == 200, answer.text
    repository = demand_repository(shipped())
    return parent, child, Timers(api.pool, {PARENT: follow_parent(repository, shipped())})


async def test_a_merged_case_is_answered_with_its_parent(api: RoutingApi):
    parent, child, timers = await merged(api)
    case = (await api.get(f"/v1/cases/{parent}", TAX)).json()
    assert [step["number"] for step in case["merged"]] == [child]
    await api.command(parent, "accept", "1")
    assert (
        await api.command(parent, "resolve", "2", json={"result": "一起修好了", "summary": "已修复"})
    ).status_code == 200
    await timers.run_some()
    followed = (await api.get(f"/v1/cases/{child}", TAX)).json()
    assert followed["demand"]["status"] == "resolved"
    (entry,) = [step for step in followed["timeline"] if step["type"] == "demand.resolved"]
    assert entry["data"]["result"] == "一起修好了"
    assert await timers.run_some() == 0


async def test_a_case_merged_into_a_declined_one_is_declined_too(api: RoutingApi):
    parent, child, timers = await merged(api)
    assert (await api.command(parent, "decline", "1", json={"reason": "不属本区"})).status_code == 200
    await timers.run_some()
    assert (await api.get(f"/v1/cases/{child}", TAX)).json()["demand"]["status"] == "declined"


async def test_a_case_merged_into_a_withdrawn_one_is_routed_separately(api: RoutingApi):
    _, child, timers = await merged(api)
    await api.deliver(*routed(5), f.DemandWithdrawn(reason="x"), n=1)
    # The repository of these tests records nothing, so the timers record the parent's end after the withdrawal.
    await timers.run_some()
    case = (await api.get(f"/v1/cases/{child}", PACK.coordinator)).json()["demand"]
    assert (case["status"], case["parent"]) == ("routed", None)


async def test_an_unmerged_case_does_not_follow_its_former_parent(api: RoutingApi):
    parent, child, timers = await merged(api)
    await api.command(child, "unmerge", "u", json={"reason": "不同"})
    await api.command(parent, "accept", "1")
    await api.command(parent, "resolve", "2", json={"result": "x"})
    assert await timers.run_some() == 0
    assert (await api.get(f"/v1/cases/{child}", TAX)).json()["demand"]["status"] == "routed"


async def test_a_case_says_which_commands_may_be_given_now(api: RoutingApi):
    number = await api.deliver(*routed(1))
    assert "accept" in (await api.get(f"/v1/cases/{number}", TAX)).json()["commands"]


async def test_two_people_with_the_same_name_have_separate_lists(api: RoutingApi):
    first = await api.deliver(*routed(30), f.DemandAccepted(by="陈", by_subject="a"), n=1)
    second = await api.deliver(*routed(30), f.DemandAccepted(by="陈", by_subject="b"), n=2)
    unknown = await api.deliver(*routed(30), f.DemandAssigned(by="李", handler="陈"), n=3)

    async def mine(subject: str) -> tuple[set[str], int]:
        desk = Desk((TAX,), "陈", PACK.id, now(), now() + timedelta(days=2), subject)
        async with api.pool.acquire() as db:
            cases, _ = await worklists.page(db, desk, List.MINE, "due", Filters(), BEGINNING, 10)
            return {case.number for case in cases}, (await worklists.counts(db, desk))[List.MINE]

    assert await mine("a") == ({first, unknown}, 2)
    assert await mine("b") == ({second, unknown}, 2)
    assert await mine("") == ({first, second, unknown}, 3), "a token that does not say who of them it is"
