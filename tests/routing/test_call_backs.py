"""The work of callers over the API and the pages: listing, taking and recording calls, and their effect on other
services."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest

from shared.chassis.base.clock import now
from shared.chassis.base.tokens import Tokens
from shared.contracts.demand import facts as f
from shared.contracts.demand.state import Service, Status
from shared.identity.citizen_links import CitizenLinks
from tests.city import COORDINATOR, DISPATCHER, STATION, City
from tests.keys import KEYS
from tests.routing.visitor import Visitor, visitor

CONTACT = {"name": "陈先生", "phone": "13800138000"}
RESULT = "路面已铺好沥青"
REACHED = {"reached": True, "rating": 5, "solved": True, "tags": ["prompt"], "comment": "修得快"}


class Centre:
    """A call centre's system, which sends requests to routing on behalf of callers."""

    def __init__(self, city: City, client: httpx.AsyncClient) -> None:
        self.city, self.client = city, client

    async def due(self, **person: str) -> list[dict[str, Any]]:
        answer = await self.client.get("/v1/call-backs", headers=_bearer(**person))
        assert answer.status_code == 200, answer.text
        return list(answer.json()["call_backs"])

    async def numbers(self, **person: str) -> list[str]:
        return [case["demand"]["number"] for case in await self.due(**person)]

    async def does(self, number: str, command: str, key: str = "", body: Any = None, **person: str) -> httpx.Response:
        headers = _bearer(**person) | {"Idempotency-Key": key or str(uuid4())}
        return await self.client.post(f"/v1/cases/{number}/{command}-call-back", headers=headers, json=body)


def _bearer(name: str = "林嘉怡", unit: str = COORDINATOR, role: str = "dispatcher") -> dict[str, str]:
    token = Tokens(KEYS["secret"]).write("staff", {"name": name, "unit": unit, "roles": [role]})
    return {"Authorization": f"Bearer {token}"}


@pytest.fixture
async def centre(city: City) -> AsyncIterator[Centre]:
    async with httpx.AsyncClient(base_url=city.url, trust_env=False) as client:
        yield Centre(city, client)


async def answered(city: City, title: str = "村口路面塌陷") -> str:
    """Raise a demand with a contact, let its station answer it, and return its number."""
    number = await city.raises(title=title, contact=CONTACT)
    await city.tells(number, f.DemandAccepted(by="陈晓岚"), f.DemandResolved(by="陈晓岚", result=RESULT))
    return number


async def test_an_answer_is_listed_and_called_about_and_the_call_is_recorded_as_the_citizens_verdict(
    city: City, centre: Centre
):
    number, other = await answered(city), await answered(city, "路灯不亮")
    assert await centre.numbers() == [number, other], "the longest waiting first"
    assert await centre.numbers(unit="nh-police", role="caller") == [number, other]
    assert await centre.numbers(unit=STATION, role="caller") == [], "not its own work"
    assert (await centre.does(number, "start", name="王", unit="nh-police", role="caller")).status_code == 200
    busy = await centre.does(number, "start")
    assert (busy.status_code, "王" in busy.json()["detail"]) == (409, True)
    assert (await centre.due())[0]["call_back"]["caller"] == "王"
    assert (await centre.does(number, "release", name="王", unit="nh-police", role="caller")).status_code == 200
    assert (await centre.does(number, "start")).status_code == 200
    answers = [await centre.does(number, "record", "key-1", REACHED) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 200], "a repetition is answered as at first"
    assert await centre.numbers() == [other]
    verdict = await city.fact(number, f.VerdictGiven)
    assert (verdict.asked, verdict.entered_by, verdict.tags) == ("call", "林嘉怡", ("prompt",))
    await city.loop.turn()
    demand = await city.demand(number)
    assert (demand.status, demand.rating, demand.first_rating) == (Status.CLOSED, 5, 5)
    closed = await city.loop.pools[Service.FEEDBACK].fetchval(
        "SELECT payload FROM journal WHERE type = 'demand.confirmed.v1'"
    )
    assert f.DemandConfirmed.model_validate_json(closed).tags == ("prompt",)
    assert (await city.facts(number)).count("verdict-given") == 1


async def test_a_rating_by_the_citizen_meanwhile_removes_the_case_from_the_list_and_counts(city: City, centre: Centre):
    number = await answered(city)
    await centre.does(number, "start")
    demand = await city.demand(number)
    link = CitizenLinks.at("", KEYS["secret"]).rate(demand.id, demand.version)
    answer = await centre.client.post(f"/v1/ratings/{link.rpartition('/')[2]}", json={"rating": 2, "solved": False})
    assert answer.status_code == 201, answer.text
    await city.loop.turn()
    assert await centre.numbers() == []
    for person in ({}, {"name": "王", "unit": "nh-police", "role": "caller"}):
        late = await centre.does(number, "record", body=REACHED, **person)
        assert late.status_code == 409, late.text
        assert "群众通过短信链接已于" in late.json()["detail"]
    assert "verdict-given" not in await city.facts(number)
    reopened = await city.demand(number)
    assert (reopened.reopenings, reopened.first_rating, reopened.first_solved) == (1, 2, False)
    await city.tells(number, f.DemandAccepted(by="陈晓岚"), f.DemandResolved(by="陈晓岚", result="重新铺好"))
    assert await centre.numbers() == [number], "the next answer is asked about anew"
    await centre.does(number, "record", body=REACHED)
    await city.loop.turn()
    confirmed = await city.demand(number)
    assert (confirmed.first_rating, confirmed.rating) == (2, 5), "the first and the final verdict are both kept"


async def test_a_citizen_who_is_not_reached_is_called_again_and_finally_counted_as_not_reached(
    city: City, centre: Centre
):
    number = await answered(city)
    body = {"reached": False, "not_reached": "no-answer"}
    assert (await centre.does(number, "record", body=body)).status_code == 200
    assert await centre.numbers() == [], "until the next working day"
    case = (await centre.client.get(f"/v1/cases/{number}", headers=_bearer())).json()
    assert (case["call_back"]["attempts"], case["call_back"]["not_reached"]) == (1, "no-answer")
    assert (await centre.does(number, "record", body=body | {"not_reached": "busy"})).status_code == 200
    last = await city.fact(number, f.CallBackFailed)
    assert (last.attempt, last.next_at) == (2, None)
    await city.loop.turn()
    payload = await city.loop.pools[Service.FEEDBACK].fetchval("SELECT payload FROM timer WHERE kind = 'unrated'")
    assert '"calls": 2' in payload


async def test_nobody_records_a_verdict_for_many_citizens_at_once(city: City, centre: Centre):
    number = await answered(city)
    bulk_command = {"command": "record-call-back", "numbers": [number], "fields": REACHED}
    headers = _bearer() | {"Idempotency-Key": "bulk-1"}
    refused = await centre.client.post("/v1/cases/bulk", headers=headers, json=bulk_command)
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "command")
    assert "verdict-given" not in await city.facts(number)


async def test_callers_read_only_cases_to_be_called_and_their_contacts(city: City, centre: Centre):
    number = await answered(city)
    caller = _bearer("王", "nh-police", "caller")
    reason = {"why": "回访核实办理结果"}
    answer = await centre.client.post(f"/v1/demands/{number}/contact", headers=caller, json=reason)
    assert (answer.status_code, answer.json().get("phone")) == (200, CONTACT["phone"])
    await centre.does(number, "record", body=REACHED)
    await city.loop.turn()
    hidden = await centre.client.post(f"/v1/demands/{number}/contact", headers=caller, json=reason)
    assert hidden.status_code in (403, 404)
    assert (await centre.client.get(f"/v1/cases/{number}", headers=caller)).status_code == 404


async def test_the_list_is_read_page_by_page_with_an_index(city: City, centre: Centre):
    numbers = [await answered(city, f"路面破损{n}") for n in range(3)]
    first = await centre.client.get("/v1/call-backs", headers=_bearer(), params={"limit": 2})
    rest = await centre.client.get(
        "/v1/call-backs", headers=_bearer(), params={"limit": 2, "after": first.json()["next"]}
    )
    seen = [case["demand"]["number"] for answer in (first, rest) for case in answer.json()["call_backs"]]
    assert (seen, "next" in rest.json()) == (numbers, False)
    pool = city.loop.pools[Service.ROUTING]
    async with pool.acquire() as db, db.transaction():
        await db.execute("SET LOCAL enable_seqscan = off")
        plan = await db.fetch(
            "EXPLAIN SELECT FROM call_back WHERE jurisdiction = 'nanhai' AND call_at <= $1"
            " AND (call_at, demand_id) > ($2, $3) ORDER BY call_at, demand_id LIMIT 31",
            now(),
            now() - timedelta(days=9),
            uuid4(),
        )
    words = "\n".join(row[0] for row in plan)
    assert ("call_back_waiting" in words, "Sort" in words) == (True, False), words


@pytest.fixture
async def dispatcher(city: City) -> AsyncIterator[Visitor]:
    async with visitor(city, DISPATCHER) as opened:
        yield opened


async def test_a_caller_can_do_all_work_with_pages_and_forms(city: City, dispatcher: Visitor):
    number = await answered(city)
    page = await dispatcher.open("/desk/call-backs")
    assert (number in page.text, "回访（1）" in page.text) == (True, True)
    path = f"/desk/call-backs/{number}"
    response = await dispatcher.open(path)
    assert RESULT in response.text
    assert CONTACT["phone"] not in response.text
    taken = await dispatcher.send(path, f"{path}/start")
    assert "登记评价" in taken.text
    revealed = await dispatcher.send(path, f"{path}/contact-details", why="回访核实办理结果")
    assert CONTACT["phone"] in revealed.text
    wrong = await dispatcher.send(path, path, reached="yes", comment="很好")
    assert (wrong.status_code, "请选择问题是否解决" in wrong.text, "很好" in wrong.text) == (422, True, True)
    kept = await dispatcher.send(path, path, reached="no", not_reached="", note="下班后再打")
    assert (kept.status_code, "下班后再打" in kept.text) == (422, True)
    done = await dispatcher.send(path, path, reached="yes", rating="4", solved="true", tags="friendly")
    assert (done.status_code, "已登记群众的评价" in done.text) == (200, True)
    await city.loop.turn()
    late = await dispatcher.client.post(path, data=await dispatcher.hidden("/desk") | {"reached": "yes"})
    assert late.status_code in (403, 409, 422)
    case = (await dispatcher.open(f"/desk/cases/{number}")).text
    assert all(words in case for words in ("首次评价", "满意 · 已解决", "态度好", "林嘉怡"))
