"""Demands recorded on field visits by signed-in staff, each once, with and without JavaScript."""

import json
import re
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import httpx
import pytest

from shared.chassis.base.clock import now
from shared.chassis.database.pool import Pool
from shared.contracts.demand import facts as f
from shared.contracts.demand.state import Service, Status
from shared.identity.field_sign_in import FieldSignIn, state_of
from shared.identity.person import Person, Role
from shared.identity.settings import SecretSettings
from tests.built import Built
from tests.city import City
from tests.intake.conftest import built_with, visiting
from tests.intake.test_attachments import picture
from tests.intake.test_raise import client_of
from tests.intake.visitor import Visitor
from tests.keys import KEYS

STATION, VILLAGE, ELSEWHERE = "station-440605011001", "440605011001", "440605126222"
CLERK = Person("陈晓岚", STATION, frozenset({Role.CLERK}))
WORDS = "村口的路灯坏了三天\n晚上看不清路"
VISIT = {"held_on": "2026-11-24", "division": VILLAGE, "members": "陈晓岚、李志强"}


def sign_in(database: str) -> FieldSignIn:
    return FieldSignIn.of(SecretSettings.model_validate(KEYS | {"DATABASE_URL": database}))


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    return built_with(attachments_folder=tmp_path_factory.mktemp("attachments"))


@pytest.fixture
async def visitor(built: Built, pool: Pool) -> AsyncIterator[Visitor]:
    async with visiting(built, pool) as found:
        yield found


async def enters(visitor: Visitor, database: str, person: Person = CLERK) -> httpx.Response:
    """Send a browser to the desk, which issues a ticket, and back."""
    redirect = await visitor.client.get("/field")
    assert redirect.status_code == 303
    desk = httpx.URL(redirect.headers["location"])
    assert desk.path == "/desk/field"
    ticket = sign_in(database).ticket(person, desk.params["state"])
    return await visitor.open(f"/field/enter?ticket={ticket}")


@pytest.fixture
async def clerk(visitor: Visitor, database: str) -> Visitor:
    assert (await enters(visitor, database)).status_code == 200
    return visitor


async def begins(clerk: Visitor, **changes: str) -> str:
    """The path of a new visit."""
    await clerk.open("/field")
    form = re.findall(r'<form method="post" action="/field/visits".*?</form>', clerk.answer.text, re.DOTALL)[0]
    hidden = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', form))
    await clerk.post("/field/visits", hidden | VISIT | changes)
    return clerk.path


async def books(clerk: Visitor, path: str, files: Any = None, **fields: Any) -> httpx.Response:
    """Send a demand like a device: get a fresh token first."""
    token = (await clerk.client.get("/field/token", headers={"Accept": "application/json"})).json()["csrf"]
    headers = {"Accept": "application/json", "X-CSRF-Token": token}
    demand = {"key": str(uuid4()), "words": WORDS, "division": VILLAGE}
    return await clerk.client.post(f"{path}/demands", data=demand | fields, files=files, headers=headers)


async def submissions(pool: Pool) -> int:
    return int(await pool.fetchval("SELECT count(*) FROM submission"))


async def test_a_clerk_records_a_demand_without_javascript_and_sends_it(clerk: Visitor, pool: Pool):
    path = await begins(clerk, households="12")
    assert "桂城街道 桂一社区居委会" in clerk.page
    form = re.findall(r'<form method="post" action="[^"]*/demands".*?</form>', clerk.answer.text, re.DOTALL)[0]
    hidden = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', form))
    for _ in range(2):  # sent twice
        await clerk.post(f"{path}/demands", hidden | {"words": WORDS, "division": VILLAGE})
    assert re.search(r"已登记 NH26-\d+-\w", clerk.page)
    await clerk.open(f"{path}/hand-over")
    for words in ("2026-11-24", "陈晓岚、李志强", "12", "1 件", "村口的路灯坏了三天", "查询码"):
        assert words in clerk.page
    assert await submissions(pool) == 1


async def test_a_form_address_answers_405_to_get_so_that_the_service_worker_shows_its_page(clerk: Visitor):
    for path in ("/field/visits", f"{await begins(clerk)}/demands"):
        assert (await clerk.client.get(path)).status_code == 405


async def test_the_same_demand_is_recorded_once_and_later_changes_are_reported(clerk: Visitor, pool: Pool):
    path, key = await begins(clerk), str(uuid4())
    at = str(int(now().timestamp() * 1000) - 60_000)
    first = (await books(clerk, path, key=key, booked_at=at)).json()
    repeated = (await books(clerk, path, key=key, booked_at=at)).json()
    changed = (await books(clerk, path, key=key, words="别的话")).json()
    assert first == repeated
    assert changed == first | {"changed": True}
    assert await submissions(pool) == 1
    assert await pool.fetchval("SELECT count(*) FROM field_demand") == 1


async def test_photos_are_stored_once_with_their_demand_and_an_invalid_one_delays_nothing(clerk: Visitor, pool: Pool):
    path, key = await begins(clerk), str(uuid4())
    files = [("photos", ("a.png", picture("PNG"))), ("photos", ("b.jpg", b"no photo"))]
    at = str(int(now().timestamp() * 1000) - 60_000)
    first = (await books(clerk, path, files, key=key, booked_at=at)).json()
    repeated = (await books(clerk, path, files, key=key, booked_at=at)).json()
    assert "附件 1 个未保存" in first["left_out"]
    assert repeated == first | {"changed": False, "left_out": ""}, "its photos are there"
    payload = await pool.fetchval("SELECT payload FROM journal ORDER BY position DESC LIMIT 1")
    assert len(json.loads(payload)["attachments"]) == 1
    assert await pool.fetchval("SELECT count(*) FROM attachment") == 1


async def test_photos_can_be_sent_with_a_form_and_must_be_chosen_again_after_a_refusal(clerk: Visitor, pool: Pool):
    path = await begins(clerk)
    form = re.findall(r'<form method="post" action="[^"]*/demands".*?</form>', clerk.answer.text, re.DOTALL)[0]
    hidden = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', form))
    files = [("photos", ("a.png", picture("PNG"))), ("photos", ("b.jpg", b"no photo"))]
    await clerk.post(f"{path}/demands", hidden | {"words": " ", "division": VILLAGE}, files)
    assert clerk.answer.status_code == 422
    assert "请重新选择照片" in clerk.page
    await clerk.post(f"{path}/demands", hidden | {"words": WORDS, "division": VILLAGE}, files)
    assert "1张照片没有收下" in clerk.page
    payload = await pool.fetchval("SELECT payload FROM journal ORDER BY position DESC LIMIT 1")
    assert len(json.loads(payload)["attachments"]) == 1


async def test_a_demand_has_the_position_of_the_phone(clerk: Visitor, pool: Pool):
    path = await begins(clerk)
    await books(clerk, path, lat="23.0512", lon="113.1534")
    payload = await pool.fetchval("SELECT payload FROM journal ORDER BY position DESC LIMIT 1")
    assert json.loads(payload)["location"] == {"lat": 23.0512, "lon": 113.1534}


async def test_a_demand_solved_on_the_spot_has_its_handling_and_is_counted_separately(clerk: Visitor, pool: Pool):
    path = await begins(clerk)
    await books(clerk, path)
    assert (await books(clerk, path, on_the_spot="yes", done="当场换了灯泡")).status_code == 200
    payload = [await pool.fetchval("SELECT payload::jsonb -> 'history' FROM journal ORDER BY position DESC LIMIT 1")]
    assert "当场换了灯泡" in str(payload)
    await clerk.open(f"{path}/hand-over")
    assert re.search(r"其中现场解决</dt><dd>1 件", clerk.page)
    assert re.search(r"登记诉求</dt><dd>2 件", clerk.page)


@pytest.mark.parametrize(
    ("value", "field", "words"),
    [
        ({"words": " "}, "words", "请写下您要反映的问题"),
        ({"division": ELSEWHERE}, "demand-division", "请选择本单位管辖的村"),
        ({"phone": "13800138000"}, "agreed", "得到同意"),
        ({"phone": "1", "agreed": "yes"}, "phone", "11位手机号"),
        ({"on_the_spot": "yes"}, "done", "当场做了什么"),
        ({"category": "nothing"}, "category", "重新选择类别"),
    ],
)
async def test_invalid_input_is_refused_with_its_field(clerk: Visitor, pool: Pool, value: Any, field: str, words: str):
    path = await begins(clerk)
    refused = await books(clerk, path, **value)
    assert refused.status_code == 422
    assert words in refused.json()["errors"][field]
    assert await submissions(pool) == 0


async def test_a_contact_is_encrypted_and_the_receipt_shows_only_what_staff_may_see(clerk: Visitor, pool: Pool):
    path = await begins(clerk)
    await books(clerk, path, name="李阿姨", phone="13800138000", agreed="yes", vulnerable="yes")
    assert await pool.fetchval("SELECT count(*) FROM vault") == 1
    payload = str(await pool.fetchval("SELECT payload FROM journal ORDER BY position DESC LIMIT 1"))
    assert "13800138000" not in payload
    assert '"channel_kind":"field-visit"' in payload.replace(" ", "")
    assert '"vulnerable":true' in payload.replace(" ", "")


async def test_a_visit_is_not_in_the_future_and_at_a_place_of_the_unit(clerk: Visitor):
    await begins(clerk, held_on="2999-01-01", division=ELSEWHERE)
    assert clerk.answer.status_code == 422
    assert "不能晚于今天" in clerk.page
    assert "请选择本单位管辖的村" in clerk.page


async def test_a_visit_of_another_unit_is_not_found(clerk: Visitor, database: str, pool: Pool):
    path = await begins(clerk)
    async with client_of(database, pool) as client:
        other = Visitor(client)
        await enters(other, database, Person("黄文静", "town-440605011000", frozenset({Role.CLERK})))
        assert (await other.open(path)).status_code == 404
        assert (await books(other, path)).status_code == 404


async def test_a_ticket_is_useless_in_another_browser(visitor: Visitor, database: str):
    await visitor.open("/raise/offline")
    stolen = sign_in(database).ticket(CLERK, state_of("the cookie of somebody else"))
    assert (await visitor.open(f"/field/enter?ticket={stolen}")).status_code == 403
    assert (await visitor.client.get("/field")).status_code == 303


async def test_a_ticket_of_a_revoked_person_is_refused(visitor: Visitor, database: str, pool: Pool):
    redirect = await visitor.client.get("/field")
    ticket = sign_in(database).ticket(CLERK, httpx.URL(redirect.headers["location"]).params["state"])
    revoked = "INSERT INTO staff_revocation (unit, name, revoked_at) VALUES ($1, $2, now())"
    await pool.execute(revoked, CLERK.unit, CLERK.name)
    assert (await visitor.open(f"/field/enter?ticket={ticket}")).status_code == 401
    assert (await visitor.client.get("/field")).status_code == 303


async def test_a_person_without_the_right_is_told_who_may_record_visits(visitor: Visitor, database: str):
    await enters(visitor, database, Person("许静文", "nh-coordinator", frozenset({Role.AUDITOR})))
    assert visitor.answer.status_code == 403
    assert "限经办人、单位负责人和派单员" in visitor.page


async def test_a_device_with_an_ended_or_revoked_session_is_asked_to_sign_in(clerk: Visitor, pool: Pool):
    headers = {"Accept": "application/json"}
    assert (await clerk.client.get("/field/token", headers=headers)).status_code == 200
    await pool.execute(
        "INSERT INTO staff_revocation (unit, revoked_at) VALUES ($1, now() + interval '1 minute')", STATION
    )
    assert (await clerk.client.get("/field/token", headers=headers)).status_code == 401
    assert (await clerk.client.get("/field")).status_code == 303


async def test_a_form_without_the_csrf_token_changes_nothing(clerk: Visitor, pool: Pool):
    path = await begins(clerk)
    answer = await clerk.client.post(f"{path}/demands", data={"words": WORDS, "division": VILLAGE})
    assert answer.status_code == 403
    assert await submissions(pool) == 0


async def test_signing_out_ends_the_session(clerk: Visitor):
    await clerk.open("/field")
    await clerk.post("/field/sign-out", {"csrf": clerk.form()["csrf"]})
    assert (await clerk.client.get("/field")).status_code == 303


async def test_a_demand_solved_on_the_spot_is_answered_at_once_and_the_citizen_gets_only_the_answer(city: City):
    async with httpx.AsyncClient(base_url=city.url, trust_env=False, follow_redirects=True, timeout=60) as client:
        clerk = Visitor(client)
        await client.post("/sign-in/demo", data={"person": f"{STATION}-clerk"})
        await clerk.open("/field")
        assert clerk.path == "/field"
        path = await begins(clerk)
        solved = {"on_the_spot": "yes", "done": "当场换了灯泡", "phone": "13800138000", "agreed": "yes"}
        number = (await books(clerk, path, **solved)).json()["number"]
    await city.loop.turn()
    demand = await city.demand(number)
    assert (demand.status, demand.unit) == (Status.RESOLVED, STATION)
    assert (await city.fact(number, f.DemandResolved)).on_the_spot
    messages = await city.loop.pools[Service.FEEDBACK].fetch("SELECT body ->> 'template' AS name FROM intent")
    assert [row["name"] for row in messages] == ["resolved"]
