"""Nobody's name, number or door is anywhere but in the vault: not in Kafka, in no table, in no log, in no file."""

import asyncio
import csv
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from deploy.cli.channels import keys
from deploy.local.deployment import Running
from shared.contracts.topics import DEMAND_EVENTS
from tests.e2e.citizens import Citizen, citizens
from tests.e2e.conftest import huying
from tests.e2e.traces import everywhere
from tests.eventually import eventually
from tests.intake.test_attachments import SECRET_PLACE, exif, picture

PEOPLE = tuple(citizens(24, seed=2026))
READERS = ("intake", "routing", "feedback", "reporting")


def secrets(people: Sequence[Citizen]) -> set[str]:
    return {word for citizen in people for word in citizen.secrets}


def client_of(running: Running, channel: str = "web") -> httpx.AsyncClient:
    key = keys(running.options.directory / "channels.json")[channel]
    return httpx.AsyncClient(base_url=running.url, headers={"X-API-Key": key}, timeout=60)


def staff(running: Running) -> dict[str, str]:
    made = huying(running, "staff", "token", "--unit", "nh-coordinator", "--name", "主任", "--role", "personal-data")
    return {"Authorization": f"Bearer {made.communicate(timeout=60)[0].split()[-1]}"}


async def look(running: Running, words: set[str]) -> set[tuple[str, str]]:
    runtime = running.runtime
    return await everywhere(runtime.database_url, runtime.kafka_bootstrap_servers, running.options.directory, words)


@pytest.fixture(scope="module")
def running(shared: Running) -> Running:
    """A deployment that others use too."""
    return shared


@pytest.fixture(scope="module")
async def told(running: Running) -> dict[Citizen, str]:
    """Everybody's demand through the whole deployment, until it is visible at its end; the numbers."""
    found: dict[Citizen, str] = {}
    async with client_of(running) as client:
        for n, citizen in enumerate(PEOPLE):
            body = citizen.demand(n) | {
                "may_publish": True,
                "attachments": [await attached(client, citizen)] if n % 8 == 0 else [],
            }
            answer = await client.post("/v1/demands", json=body, headers={"Idempotency-Key": f"p{n}"})
            assert answer.status_code == 201, answer.text
            found[citizen] = answer.json()["number"]
    for copy, counted in (("reporting.demand_facts", "submitted"), ("feedback.demand", "")):
        standing = f"state ->> 'status' <> '{counted}' AND state ->> 'number' = ANY($1)"
        await in_every_table(running, f"SELECT count(*) FROM {copy} WHERE {standing}", len(PEOPLE), [*found.values()])
    return found


async def attached(client: httpx.AsyncClient, citizen: Citizen) -> str:
    """A picture with the place in it, under a name that tells everything."""
    name = f"{citizen.name}{citizen.identity}.jpg"
    answer = await client.post("/v1/attachments", files={"file": (name, picture("JPEG", exif=exif()))})
    return str(answer.json()["reference"])


async def in_every_table(running: Running, question: str, count: int, *more: Any) -> None:
    db = await asyncpg.connect(running.runtime.database_url)
    await eventually(lambda: db.fetchval(question, *more), lambda found: found >= count, within=60)
    await db.close()


async def test_nobody_is_anywhere_but_in_the_vault(running: Running, told: dict[Citizen, str]):
    await look_at_contacts(running, told)
    await answers(running, told)
    await mistakes(running)
    await poison(running)
    await everybody_reads(running, told)
    assert await look(running, secrets(PEOPLE) | {SECRET_PLACE}) == set()
    await what_was_masked_can_still_be_worked_with(running, told)


async def look_at_contacts(running: Running, told: dict[Citizen, str]) -> None:
    """The vault has what nothing else has; a reason may name nobody either."""
    citizen, number = next(iter(told.items()))
    async with httpx.AsyncClient(base_url=running.url, headers=staff(running)) as client:
        asked = {"why": f"给{citizen.phone}回电核实"}
        shown = await client.post(f"/v1/demands/{number}/contact", json=asked)
    assert shown.status_code == 200, shown.text
    assert shown.json() == {"number": number, **citizen.contact, **{k: citizen.demand(0)[k] for k in ("title", "text")}}


async def answers(running: Running, told: dict[Citizen, str]) -> None:
    """Staff write down whom they called, and citizens rate as they write: full of themselves."""
    answered = list(told.items())[1:9]
    async with httpx.AsyncClient(base_url=running.url, headers=staff(running), timeout=60) as client:
        for citizen, number in answered:
            called = f"已致电{citizen.phone}核实（{citizen.spellings[2]}，{citizen.identity}，{citizen.mail}）"
            steps = {
                "accept": {},
                "contact": {"note": called},
                "progress": {"note": called},
                "resolve": {"result": called, "summary": called},
            }
            for step, body in steps.items():
                done = await client.post(f"/v1/cases/{number}/{step}", json=body, headers={"Idempotency-Key": step})
                assert done.status_code == 200, done.text
            for step, body in (("publish", {"answer": "路灯已修复"}), ("correct-publication", {"correction": called})):
                done = await client.post(f"/v1/cases/{number}/{step}", json=body, headers={"Idempotency-Key": step})
                assert done.status_code == 200, done.text
        links = await eventually(lambda: rating_links(running), lambda found: len(found) >= len(answered), within=60)
        for n, (citizen, number) in enumerate(answered):
            verdict = {"rating": 1 + n % 5, "solved": n % 2 == 0, "comment": citizen.demand(n)["text"]}
            rated = await client.post(f"/v1/ratings/{links[number]}", json=verdict)
            assert rated.status_code == 201, rated.text
    heard = "SELECT count(*) FROM reporting.fact WHERE type IN ('demand.confirmed.v1', 'demand.reopened.v1')"
    await in_every_table(running, heard, len(answered))


async def everybody_reads(running: Running, told: dict[Citizen, str]) -> None:
    """What was released names nobody, and what was not released shows no words at all."""
    released, silent = list(told.values())[1:9], list(told.values())[9:12]
    async with httpx.AsyncClient(base_url=running.url, timeout=60) as anybody:

        async def listed() -> str:
            return (await anybody.get("/demands")).text

        page = await eventually(listed, lambda text: all(number in text for number in released), within=60)
        for path in ("/demands/feed.atom", *(f"/demands/{number}" for number in (*released, *silent))):
            page += (await anybody.get(path)).text
        assert "路灯已修复" in page
        assert not [word for word in secrets(PEOPLE) if word in page]
        assert not [number for number in silent if "路灯不亮" in (await anybody.get(f"/demands/{number}")).text]


async def rating_links(running: Running) -> dict[str, str]:
    """The token of each demand's link, from the messages that were sent."""
    sent = (running.options.directory / "messages.jsonl").read_text("utf-8")
    return dict(re.findall(r"(NH\d\d-\d+-\w)已有答复.*/rate/([\w.-]+)", sent))


async def mistakes(running: Running) -> None:
    """What is refused is written nowhere."""
    about = PEOPLE[1]
    bad: list[dict[str, Any]] = [
        about.demand(0) | {"division": about.phone},
        about.demand(0) | {"title": about.identity * 50},
        about.demand(0) | {"contact": {"phone": about.phone * 9, "nickname": about.name}},
        about.demand(0) | {"category": about.mail, "attachments": [about.card + "____"]},
    ]
    async with client_of(running) as client:
        for n, body in enumerate(bad):
            refused = await client.post("/v1/demands", json=body, headers={"Idempotency-Key": f"bad{n}"})
            assert refused.status_code == 422, refused.text
        torn = f'{{"title": "{about.phone}'.encode()
        headers = {"Idempotency-Key": "torn", "Content-Type": "application/json"}
        assert (await client.post("/v1/demands", content=torn, headers=headers)).status_code == 400
        assert (await client.post("/v1/attachments", files={"file": about.identity.encode()})).status_code == 422


async def poison(running: Running) -> None:
    """A fact that nobody may tell becomes a dead letter of every reader, with all that it says."""
    consumer = AIOKafkaConsumer(bootstrap_servers=running.runtime.kafka_bootstrap_servers)
    await consumer.start()
    places = [TopicPartition(DEMAND_EVENTS.name, n) for n in range(DEMAND_EVENTS.partitions)]
    consumer.assign(places)
    await consumer.seek_to_beginning(*places)
    record = await consumer.getone()
    await consumer.stop()
    changed = {"ce_source": b"/services/nobody", "ce_sequence": b"1"}
    headers = [(name, changed.get(name, value)) for name, value in record.headers]
    await send(running, record.value or b"", str(uuid4()).encode(), headers)
    for reader in READERS:
        await in_every_table(running, f"SELECT count(*) FROM {reader}.dead_letter", 1)


async def send(running: Running, value: bytes, key: bytes | None = None, headers: Sequence[Any] = ()) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=running.runtime.kafka_bootstrap_servers)
    await producer.start()
    await producer.send_and_wait(DEMAND_EVENTS.name, value, key, headers=list(headers))
    await producer.stop()


async def what_was_masked_can_still_be_worked_with(running: Running, told: dict[Citizen, str]) -> None:
    async with httpx.AsyncClient(base_url=running.url, headers=staff(running)) as client:
        case = (await client.get(f"/v1/cases/{next(iter(told.values()))}")).json()
    assert case["text"] == "我叫［姓名］，家住桂澜路［门牌］，路灯不亮。电话［手机号］，身份证［身份证号］。"


async def test_an_erased_person_is_gone_and_the_figures_stay(running: Running, told: dict[Citizen, str]):
    number = told[PEOPLE[0]]
    async with httpx.AsyncClient(base_url=running.url, headers=staff(running)) as client:
        before = (await client.get("/v1/figures/completion", params={"jurisdiction": "nanhai"})).json()["total"]
        done = huying(running, "erase", number, "--why", "本人要求删除")
        assert await asyncio.to_thread(done.wait, 60) == 0, done.communicate()
        gone = await client.post(f"/v1/demands/{number}/contact", json={"why": "回访核实"})
        assert gone.status_code == 410, gone.text
        after = (await client.get("/v1/figures/completion", params={"jurisdiction": "nanhai"})).json()["total"]
        assert after == before


async def test_the_master_key_is_changed_by_command(running: Running, told: dict[Citizen, str]):
    done = huying(running, "vault", "rotate")
    said = (await asyncio.to_thread(done.communicate, timeout=60))[0]
    assert (done.returncode, "0 keys encrypted again" in said) == (0, True), said
    swept = huying(running, "attachments", "sweep")
    assert await asyncio.to_thread(swept.wait, 60) == 0


async def test_the_error_file_of_an_import_names_nobody(running: Running, tmp_path: Path):
    mapping = Path("deploy/mappings/myla311.yaml").read_text("utf-8")
    columns = sorted({"Address", *re.findall(r"(?:column|at|status|not_before): (\w+)", mapping)})
    file = tmp_path / "bad.csv"
    with file.open("w", encoding="utf-8", newline="") as out:
        rows = csv.DictWriter(out, columns, restval="")
        rows.writeheader()
        for n, c in enumerate(PEOPLE):
            said = {"Address": f"{c.road}{c.door}", "RequestType": c.demand(n)["text"], "CreatedDate": c.phone}
            rows.writerow(said | {"SRNumber": f"1-{n}", "Owner": c.spellings[n % len(c.spellings)]})
    done = huying(
        running, "import", str(file), "--mapping", "myla311", "--no-wait", "--errors", "errors.csv", cwd=tmp_path
    )
    said, _ = await asyncio.to_thread(done.communicate, timeout=60)
    assert done.returncode == 1, said
    errors = (tmp_path / "errors.csv").read_text("utf-8-sig")
    assert len(list(csv.reader(errors.splitlines(keepends=True)))) == len(PEOPLE) + 1
    assert {word for word in secrets(PEOPLE) if word in errors or word in said} == set()


async def test_a_leak_would_be_found_wherever_it_is(running: Running, told: dict[Citizen, str]):
    in_value, in_key, in_header, in_log, in_text, in_bytes, in_json = citizens(7, seed=1)
    await send(running, f"请打{in_value.phone}".encode(), in_key.identity.encode(), [("h", in_header.name.encode())])
    with (running.options.directory / "logs" / "gateway.log").open("a", encoding="utf-8") as log:
        log.write(f"user={in_log.mail}\n")
    db = await asyncpg.connect(running.runtime.database_url)
    await db.execute("CREATE TABLE routing.leak AS SELECT $1::text AS a, $2::bytea AS b, $3::jsonb AS c",
                     f"住{in_text.door}", b"\0" + in_bytes.card.encode(), f'{{"a": ["{in_json.plate}"]}}')  # fmt: skip
    await db.close()
    for reader in READERS:
        await in_every_table(running, f"SELECT count(*) FROM {reader}.dead_letter", 2)
    planted = {in_value.phone, in_key.identity, in_header.name, in_log.mail, in_text.door, in_bytes.card, in_json.plate}

    async def found() -> set[tuple[str, str]]:
        return await look(running, planted)

    letters = {(f"kafka {name}", in_value.phone) for name in ("huying.demand-events", "huying.dead-letters")}
    leaks = await eventually(found, lambda places: places >= letters)
    assert {word for _, word in leaks} == planted
    assert leaks >= {
        ("kafka huying.demand-events", in_key.identity),
        ("kafka huying.demand-events", in_header.name),
        ("file logs/gateway.log", in_log.mail),
        ("table routing.leak", in_text.door),
        ("table routing.leak", in_bytes.card),
        ("table routing.leak", in_json.plate),
        *((f"table {reader}.dead_letter", in_value.phone) for reader in READERS),
    }
