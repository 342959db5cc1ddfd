"""Contacts are shown only with a recorded reason, can be erased for good, and are unreadable without the master key."""

import asyncio
import json
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx
import pytest
from cryptography.exceptions import InvalidTag
from itsdangerous import TimestampSigner

from services.intake import app, assembled
from services.intake.channels import keys, rotation
from services.intake.settings import IntakeSettings
from services.intake.vault import queries
from services.intake.vault.sealing import Key, Vault
from shared.chassis.base.clock import now
from shared.chassis.base.tokens import Tokens
from shared.chassis.database.migrate import migrate
from shared.chassis.database.pool import Pool
from shared.chassis.http.app import web_app
from shared.contracts.demand.facts import ChannelKind
from shared.contracts.refusals import Refused
from tests.conftest import Server, fresh_database
from tests.eventually import eventually
from tests.intake import papers
from tests.intake.conftest import settings as plain_settings
from tests.intake.test_api import GOOD, is_a_problem, submit
from tests.keys import KEYS

CONTACT = {"name": "邹某某", "phone": "13800138000", "address": "鹤峰村三巷九号"}
TEXT = "请打13912345678找我"
WHY = "回访核实施工时间"


@pytest.fixture
def settings(database: str, tmp_path: Path) -> IntakeSettings:
    return plain_settings(database).model_copy(update={"attachments_folder": tmp_path / "attachments"})


@pytest.fixture
async def client(pool: Pool, settings: IntakeSettings) -> AsyncIterator[httpx.AsyncClient]:
    async with await client_with(pool, settings) as opened:
        yield opened


async def client_with(pool: Pool, settings: IntakeSettings) -> httpx.AsyncClient:
    key = await keys.add(pool, "web", ChannelKind.WEB, "Web")
    application = web_app("intake", app.api(settings, pool).routers)
    transport = httpx.ASGITransport(application, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://intake", headers={"X-API-Key": key})


async def demand(client: httpx.AsyncClient, **changes: Any) -> dict[str, Any]:
    answer = await submit(client, GOOD | {"text": TEXT, "contact": CONTACT} | changes, uuid4().hex)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def staff(unit: str = "nh-coordinator", roles: tuple[str, ...] = ("personal-data",)) -> dict[str, str]:
    secret = KEYS["secret"]
    token = Tokens(secret).write("staff", {"name": "陈", "unit": unit, "roles": roles})
    return {"Authorization": f"Bearer {token}"}


def service() -> dict[str, str]:
    secret = KEYS["secret"]
    return {"Authorization": f"Bearer {Tokens(secret).write('service', {'service': 'feedback'})}"}


async def reveal(client: httpx.AsyncClient, number: str, headers: Any, **body: Any) -> httpx.Response:
    return await client.post(f"/v1/demands/{number}/contact", json={"why": WHY} | body, headers=headers)


async def erase(client: httpx.AsyncClient, number: str, headers: Any) -> httpx.Response:
    return await client.post(f"/v1/demands/{number}/contact/erasure", json={"why": "本人要求删除"}, headers=headers)


async def test_only_the_contact_that_a_fact_refers_to_is_shown(client: httpx.AsyncClient, pool: Pool):
    number = (await demand(client))["number"]
    supporter = {"name": "李某某", "phone": "13900139000"}
    for note, body in (("supports", {"contact": supporter}), ("supplements", {"text": "请打13700137000"})):
        answer = await client.post(f"/v1/demands/{number}/{note}", json=body, headers={"Idempotency-Key": note})
        assert answer.status_code == 201, answer.text
    async with pool.acquire() as db:
        rows = await db.fetch("SELECT payload FROM journal WHERE sequence IS NULL ORDER BY position")
    supported, supplemented = (json.loads(row["payload"]) for row in rows)
    response = await reveal(client, number, staff(), contact=supported["contact"])
    assert response.json() == {"number": number} | supporter
    for reference in (supplemented["original"], str(uuid4())):
        refused = await reveal(client, number, staff(), contact=reference)
        assert refused.status_code == 404, refused.text


async def viewings(pool: Pool) -> list[dict[str, Any]]:
    async with pool.acquire() as db:
        rows = await db.fetch("SELECT payload FROM journal WHERE type = 'demand.personal-data-viewed.v1'")
    return [json.loads(row["payload"]) for row in rows]


async def test_showing_a_contact_is_recorded_with_the_person(client: httpx.AsyncClient, pool: Pool):
    receipt = await demand(client)
    response = await reveal(client, receipt["number"], staff())
    assert response.status_code == 200, response.text
    assert response.json() == {"number": receipt["number"], **CONTACT, "title": GOOD["title"], "text": TEXT}
    assert "no-store" in response.headers["cache-control"]
    fields = ["name", "phone", "address", "title", "text"]
    assert await viewings(pool) == [{"by": "陈", "fields": fields, "why": WHY}]


async def test_a_service_gets_only_the_requested_fields(client: httpx.AsyncClient, pool: Pool):
    receipt = await demand(client)
    response = await reveal(client, receipt["number"], service(), fields=["phone"], why="发送办理通知")
    assert response.json() == {"number": receipt["number"], "phone": CONTACT["phone"]}
    assert await viewings(pool) == [{"by": "service:feedback", "fields": ["phone"], "why": "发送办理通知"}]


async def test_a_reason_that_names_the_person_is_masked_in_the_record(client: httpx.AsyncClient, pool: Pool):
    receipt = await demand(client)
    assert (await reveal(client, receipt["number"], staff(), why="给13800138000回电")).status_code == 200
    assert (await viewings(pool))[0]["why"] == "给［手机号］回电"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "why"), ({"why": ""}, "why"), ({"why": "   "}, "why"), ({"why": WHY, "fields": ["age"]}, "fields.0"),
        ({"why": WHY, "fields": []}, "fields"), ({"why": WHY, "all": True}, "all"),
    ],
)  # fmt: skip
async def test_a_contact_is_not_shown_without_a_reason(
    client: httpx.AsyncClient, pool: Pool, body: dict[str, Any], field: str
):
    receipt = await demand(client)
    refused = await client.post(f"/v1/demands/{receipt['number']}/contact", json=body, headers=staff())
    assert refused.status_code == 422, refused.text
    assert is_a_problem(refused)["errors"][0]["field"] == field
    assert await viewings(pool) == []


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 401),
        ({"Authorization": "Bearer forged"}, 401),
        (staff(roles=()), 403),
        (staff("another-unit"), 404),
        ({"Authorization": f"Bearer {Tokens('x' * 40).write('service', {'service': 'feedback'})}"}, 401),
    ],
    ids=["nobody", "forged", "without the role", "of another unit", "a service of another deployment"],
)
async def test_a_contact_is_not_shown_to_staff_who_do_not_handle_the_demand(
    client: httpx.AsyncClient, pool: Pool, headers: dict[str, str], status: int
):
    receipt = await demand(client)
    for refused in (await reveal(client, receipt["number"], headers), await erase(client, receipt["number"], headers)):
        assert refused.status_code == status, refused.text
        is_a_problem(refused)
        assert CONTACT["phone"] not in refused.text
    assert await viewings(pool) == []


async def test_a_token_of_a_service_is_valid_for_a_minute(client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch):
    receipt = await demand(client)
    with monkeypatch.context() as earlier:
        earlier.setattr(TimestampSigner, "get_timestamp", lambda _: int(now().timestamp()) - 62)
        old = service()
    assert (await reveal(client, receipt["number"], old)).status_code == 401
    assert (await reveal(client, receipt["number"], service())).status_code == 200


async def test_a_service_cannot_erase(client: httpx.AsyncClient):
    receipt = await demand(client)
    assert (await erase(client, receipt["number"], service())).status_code == 403
    assert (await reveal(client, receipt["number"], service())).status_code == 200


async def test_a_contact_is_not_shown_if_the_access_cannot_be_recorded(client: httpx.AsyncClient, pool: Pool):
    receipt = await demand(client)
    async with pool.acquire() as db:
        await db.execute(
            "ALTER TABLE journal ADD CONSTRAINT full_disk CHECK (type <> 'demand.personal-data-viewed.v1') NOT VALID"
        )
    failed = await reveal(client, receipt["number"], staff())
    assert (failed.status_code, CONTACT["phone"] in failed.text) == (500, False)


async def test_a_demand_that_came_without_a_contact_says_so(client: httpx.AsyncClient, pool: Pool):
    receipt = await demand(client, contact=None, text="没有个人信息")
    refused = await reveal(client, receipt["number"], staff())
    assert (refused.status_code, "has no" in refused.text) == (404, True)
    assert await viewings(pool) == []


async def test_an_erased_person_is_removed_and_the_demand_stays(client: httpx.AsyncClient, pool: Pool):
    reference = (await client.post("/v1/attachments", files={"file": papers.plain()})).json()["reference"]
    receipt = await demand(client, attachments=[reference])
    response = await erase(client, receipt["number"], staff())
    assert response.status_code == 200, response.text
    assert (await erase(client, receipt["number"], staff())).json() == response.json()
    for page_response in (
        await reveal(client, receipt["number"], staff()),
        await client.get(f"/v1/attachments/{reference}"),
    ):
        assert page_response.status_code == 410
        assert "personal-data-erased" in is_a_problem(page_response)["type"]
    followed = await client.get(f"/v1/demands/{receipt['number']}")
    assert (followed.status_code, followed.json()["title"]) == (200, GOOD["title"])
    async with pool.acquire() as db:
        key = await db.fetchrow("SELECT * FROM vault_key")
        assert (key["wrapped"], key["destroyed_by"], key["destroyed_why"]) == (None, "陈", "本人要求删除")
        assert await db.fetchval("SELECT count(*) FROM vault") == 0
        assert await db.fetchval("SELECT fingerprint FROM submission") == b""
        assert await db.fetchval("SELECT count(*) FROM journal") == 1


async def test_an_erasure_removes_external_ids_that_identify_the_caller(client: httpx.AsyncClient, pool: Pool):
    call = "20210510-13800138000"
    body = GOOD | {"contact": CONTACT, "external_id": call}
    first = (await submit(client, body, f"call-{call}")).json()
    other = (await demand(client))["number"]
    answer = await client.post(f"/v1/demands/{other}/sightings", json={"external_id": "13700137000"})
    assert answer.status_code == 201, answer.text
    assert (await submit(client, body, f"call-{call}")).json() == first
    assert (await submit(client, body, "another key")).json()["number"] == first["number"]
    demands_found = (await client.get("/v1/demands", params={"external_id": call})).json()["demands"]
    assert [one["number"] for one in demands_found] == [first["number"]]
    async with pool.acquire() as db:
        rows = str([await db.fetch(f"SELECT * FROM {table}") for table in ("submission", "sighting", "journal")])
    assert ("13800138000" in rows, "13700137000" in rows) == (False, False)


async def test_personal_data_after_an_erasure_is_not_stored(
    client: httpx.AsyncClient, settings: IntakeSettings, pool: Pool
):
    receipt = await demand(client)
    await erase(client, receipt["number"], staff())
    reference = (await client.post("/v1/attachments", files={"file": papers.plain()})).json()["reference"]
    note_body = {"text": "请打13700137000", "attachments": [reference]}
    answer = await client.post(
        f"/v1/demands/{receipt['number']}/supplements", json=note_body, headers={"Idempotency-Key": "after"}
    )
    assert answer.status_code == 201, answer.text
    assert (await client.get(f"/v1/attachments/{reference}")).status_code == 410
    assert await app.attachment_service(settings, pool).sweep() == 1


async def test_an_erasure_waits_for_a_note_that_is_being_recorded(client: httpx.AsyncClient, pool: Pool):
    receipt = await demand(client)
    async with pool.acquire() as db, db.transaction():
        await db.execute("SELECT FROM demand FOR UPDATE")
        erasing = asyncio.create_task(erase(client, receipt["number"], staff()))
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(asyncio.shield(erasing), 0.3)
    assert (await erasing).status_code == 200


async def test_an_erased_attachment_is_removed_at_once(client: httpx.AsyncClient, pool: Pool, settings: IntakeSettings):
    reference = (await client.post("/v1/attachments", files={"file": papers.plain()})).json()["reference"]
    await erase(client, (await demand(client, attachments=[reference]))["number"], staff())
    assert settings.attachments_folder
    assert await app.attachment_service(settings, pool).sweep() == 1
    assert await app.attachment_service(settings, pool).sweep() == 0
    assert [path for path in settings.attachments_folder.rglob("*") if path.is_file()] == []
    assert (await client.get(f"/v1/attachments/{reference}")).status_code == 410


async def test_erased_attachments_are_found_without_reading_all(pool: Pool):
    async with pool.acquire() as db, db.transaction():
        await db.execute("SET LOCAL enable_seqscan = off")
        plan = await db.fetch(
            "EXPLAIN SELECT reference FROM attachment WHERE (demand_id IS NULL AND uploaded_at < now())"
            " OR (erased_at IS NOT NULL AND size > 0) ORDER BY uploaded_at LIMIT 100"
        )
    assert "attachment_to_erase" in str(plan)
    assert "attachment_unused" in str(plan)


async def test_intakes_worker_removes_attachments_erased_over_http(
    client: httpx.AsyncClient, pool: Pool, settings: IntakeSettings
):
    reference = (await client.post("/v1/attachments", files={"file": papers.plain()})).json()["reference"]
    await erase(client, (await demand(client, attachments=[reference]))["number"], staff())
    folder = settings.attachments_folder
    assert folder

    async def left() -> list[Path]:
        return [path for path in folder.rglob("*") if path.is_file()]

    async with asyncio.TaskGroup() as tasks:
        sweeping_tasks = [tasks.create_task(task()) for task in app.worker(settings, pool).tasks]
        await eventually(left, lambda demands_found: demands_found == [])
        for task in sweeping_tasks:
            task.cancel()


async def test_a_process_without_a_store_keeps_the_references_of_files(
    client: httpx.AsyncClient, pool: Pool, settings: IntakeSettings
):
    reference = (await client.post("/v1/attachments", files={"file": papers.plain()})).json()["reference"]
    await erase(client, (await demand(client, attachments=[reference]))["number"], staff())
    with pytest.raises(Refused, match="HUYING_ATTACHMENTS_FOLDER"):
        await app.attachment_service(settings.model_copy(update={"attachments_folder": None}), pool).sweep()
    assert await app.attachment_service(settings, pool).sweep() == 1


async def test_a_demand_without_a_contact_can_be_erased_too(client: httpx.AsyncClient):
    receipt = await demand(client, contact=None, text="")
    assert (await erase(client, receipt["number"], staff())).status_code == 200
    assert (await reveal(client, receipt["number"], staff())).status_code == 410


async def test_a_repeated_submission_is_recognised_after_the_erasure(client: httpx.AsyncClient):
    body = GOOD | {"contact": CONTACT}
    first = (await submit(client, body, "k")).json()
    await erase(client, first["number"], staff())
    assert (await submit(client, body, "k")).json() == first


async def test_a_guess_at_a_phone_number_cannot_be_checked_without_the_master_key():
    guess = json.dumps(GOOD | {"contact": CONTACT}).encode()
    one, two = Vault.of("a" * 40), Vault.of("b" * 40)
    assert one.fingerprints(guess) != two.fingerprints(guess)
    assert set(one.fingerprints(guess)) < set(Vault.of("c" * 40, "a" * 40, "a" * 40).fingerprints(guess))


async def test_a_repetition_is_recognised_after_the_master_key_was_changed(pool: Pool, settings: IntakeSettings):
    before, after = (settings.model_copy(update={"vault_key": key * 40}) for key in "ab")
    numbers = []
    for one in (before, after):
        async with await client_with(pool, one) as client:
            answer = await submit(client, GOOD | {"contact": CONTACT}, "the same key")
            assert answer.is_success, answer.text
            numbers.append(answer.json()["number"])
    assert numbers[0] == numbers[1]
    assert assembled.vault(before).pseudonym("陈") == assembled.vault(after).pseudonym("陈")


async def test_the_master_key_can_be_changed_while_contacts_are_stored_and_shown(pool: Pool, settings: IntakeSettings):
    before, between, after = (
        settings.model_copy(update={"vault_key": new * 40, "vault_old_key": old * 40})
        for new, old in (("a", ""), ("b", "a"), ("b", ""))
    )
    async with await client_with(pool, before) as client:
        numbers = [(await demand(client))["number"] for _ in range(3)]
    async with await client_with(pool, between) as client:
        assert (await reveal(client, numbers[0], staff())).status_code == 200
        numbers.append((await demand(client))["number"])
        await erase(client, numbers.pop(1), staff())
    rotated = await rotation.rotate(pool, assembled.vault(between))
    assert (rotated.count, rotated.unopened) == (2, 0)
    assert (await rotation.rotate(pool, assembled.vault(between))).count == 0
    async with await client_with(pool, after) as client:
        for number in numbers:
            assert (await reveal(client, number, staff())).json()["phone"] == CONTACT["phone"]


async def test_keys_that_neither_master_opens_are_counted_and_kept(pool: Pool, settings: IntakeSettings):
    async with await client_with(pool, settings.model_copy(update={"vault_key": "a" * 40})) as client:
        await demand(client)
    async with pool.acquire() as db:
        stored = await db.fetchval("SELECT wrapped FROM vault_key")
        rotated = await rotation.rotate(pool, Vault.of("b" * 40, "c" * 40))
        assert (rotated.count, rotated.unopened) == (0, 1)
        assert await db.fetchval("SELECT wrapped FROM vault_key") == stored


async def test_contacts_older_than_the_migration_can_still_be_shown(postgres: Server, tmp_path: Path):
    async with fresh_database(postgres, "template1") as dsn:
        shutil.copy(app.MIGRATIONS / "20261101000100_intake.sql", tmp_path)
        await migrate(dsn, "intake", tmp_path)
        vault, reference, demand_id = Vault.of("a" * 40), uuid4(), uuid4()
        key = Key(reference, b"k" * 32)
        db = await asyncpg.connect(dsn, server_settings={"search_path": "intake"})
        await db.execute("INSERT INTO vault_key (id, wrapped) VALUES ($1, $2)", reference, vault.wrap(key))
        box = key.seal(reference, b"{}")
        await db.execute("INSERT INTO vault (id, demand_id, sealed) VALUES ($1, $2, $3)", reference, demand_id, box)
        await migrate(dsn, "intake", app.MIGRATIONS)
        stored = await queries.of_demand(db, demand_id)
        await db.close()
        assert stored
        assert stored.wrapped
        assert vault.unwrap(stored.key_id, stored.wrapped).open(stored.boxes[0].id, stored.boxes[0].sealed) == b"{}"


def test_an_encrypted_value_opens_only_with_its_own_key_and_id():
    vault, one, two = Vault.of("a" * 40), UUID(int=1), UUID(int=2)
    key = vault.new_key(one)
    sealed, wrapped = key.seal(one, "邹".encode()), vault.wrap(key)
    assert vault.unwrap(one, wrapped).open(one, sealed).decode() == "邹"
    assert "邹".encode() not in sealed
    for wrong in (
        lambda: key.open(two, sealed),
        lambda: vault.unwrap(two, wrapped),
        lambda: Vault.of("b" * 40).unwrap(one, wrapped),
        lambda: vault.new_key(one).open(one, sealed),
        lambda: key.open(one, sealed[:-1] + bytes([sealed[-1] ^ 1])),
    ):
        with pytest.raises(InvalidTag):
            wrong()


def test_a_key_does_not_show_itself_in_a_log():
    vault = Vault.of("a" * 40, "b" * 40)
    key = vault.new_key(UUID(int=1))
    assert key.secret.hex() not in repr(key)
    assert repr(vault) == "Vault()"


async def of_many(client: httpx.AsyncClient, questions: list[dict[str, Any]], by: Any = None) -> httpx.Response:
    return await client.post("/v1/contacts", json={"questions": questions}, headers=by or service())


async def contact_of(pool: Pool, number: str) -> str:
    """The reference to the contact in the fact of a submission."""
    async with pool.acquire() as db:
        payload = await db.fetchval("SELECT payload FROM journal WHERE subject = $1 AND sequence = 1", number)
    return str(json.loads(payload)["contact"])


async def test_a_service_can_request_many_contacts_at_once_and_each_access_is_recorded(
    client: httpx.AsyncClient, pool: Pool
):
    receipt = [await demand(client), await demand(client, contact={"name": "李", "email": "li@example.net"})]
    receipt.append(await demand(client, contact={"name": "王"}))
    numbers = [one["number"] for one in receipt]
    ways = {"ways": ["wechat", "phone", "email"], "why": "submitted"}
    questions = [{"number": number, "contact": await contact_of(pool, number), **ways} for number in numbers]
    await erase(client, (response := await demand(client))["number"], staff())
    questions += [{"number": response["number"], "contact": str(uuid4()), **ways}]
    questions += [{"number": "NH21-999999-L", "contact": str(uuid4()), **ways}, {**questions[0], "ways": ["email"]}]
    answer = await of_many(client, questions)
    assert answer.status_code == 200, answer.text
    assert "no-store" in answer.headers["cache-control"]
    assert answer.json()["answers"] == [
        {"state": "known", "way": "phone", "address": CONTACT["phone"]},
        {"state": "known", "way": "email", "address": "li@example.net"},
        {"state": "nothing-left", "way": None, "address": None},
        {"state": "erased", "way": None, "address": None},
        {"state": "unknown", "way": None, "address": None},
        {"state": "nothing-left", "way": None, "address": None},
    ]
    assert await viewings(pool) == [
        {"by": "service:feedback", "fields": [field], "why": "submitted"} for field in ("phone", "email")
    ]


async def test_only_services_can_request_many_contacts_at_once(client: httpx.AsyncClient, pool: Pool):
    number = (await demand(client))["number"]
    question = {"number": number, "contact": await contact_of(pool, number), "ways": ["phone"], "why": "submitted"}
    assert (await of_many(client, [question], staff())).status_code == 403
    assert (await of_many(client, [question], {"Authorization": "Bearer x"})).status_code == 401
    assert await viewings(pool) == []
