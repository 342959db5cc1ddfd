"""Pictures and documents from gateways are stored like uploads, and the sender is told about refused ones."""

import asyncio
import smtplib
from collections.abc import AsyncIterator, Mapping
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from typing import Any

import httpx
import pytest

from services.intake import app
from services.intake.channels import keys
from services.intake.inbound.mail.message import letter
from services.intake.settings import IntakeSettings
from services.intake.vault.sealing import Vault
from shared.chassis.database.pool import Pool
from shared.chassis.http.app import web_app
from shared.contracts.demand.facts import ChannelKind
from tests.intake.inbound.conftest import channel, facts, secrets_of
from tests.intake.inbound.test_mail import BOX, mail, receiving, set_up
from tests.intake.inbound.test_pictures import Host, host  # noqa: F401 (a fixture)
from tests.intake.inbound.test_wechat import APP, TOKEN, WHERE, reply_of, stamp, xml
from tests.intake.inbound.test_wechat import signature as signed
from tests.intake.test_attachments import PDF, SECRET_PLACE, exif, picture
from tests.keys import KEYS

V2 = "/open311/v2"
LAMP = {"service_code": "street-lighting", "attribute[division]": "440605126222", "jurisdiction_id": "nanhai"}
JPEG = picture("JPEG", exif=exif())
VIDEO = b"\0\0\0\x18ftypmp42" + b"\0" * 40


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "attachments"


def kept_in(database: str, folder: Path, **changes: Any) -> IntakeSettings:
    return IntakeSettings.model_validate(KEYS | {"DATABASE_URL": database, "attachments_folder": folder, **changes})


def served(settings: IntakeSettings, pool: Pool, **headers: str) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(web_app("intake", app.api(settings, pool).routers), raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://intake", headers=headers)


async def downloads(client: httpx.AsyncClient, references: list[str]) -> list[bytes]:
    answers = [await client.get(f"/v1/attachments/{reference}") for reference in references]
    assert all(answer.status_code == 200 for answer in answers), [answer.text for answer in answers]
    return [answer.content for answer in answers]


async def bound(pool: Pool) -> int:
    async with pool.acquire() as db:
        return int(await db.fetchval("SELECT count(*) FROM attachment WHERE demand_id IS NOT NULL"))


# --- Open311 ----------------------------------------------------------------------------------------------------


@pytest.fixture
async def app311(database: str, pool: Pool, folder: Path) -> AsyncIterator[httpx.AsyncClient]:
    key = await keys.add(pool, "fixmystreet", ChannelKind.PARTNER, "FixMyStreet")
    async with served(kept_in(database, folder), pool, **{"X-API-Key": key}) as opened:
        yield opened


async def posted(client: httpx.AsyncClient, files: Any, path: str = "requests", **fields: str) -> httpx.Response:
    form = LAMP | {"api_key": client.headers["X-API-Key"], "description": "路灯不亮"} | fields
    return await client.post(f"{V2}/{path}.json", data=form, files=files)


async def test_a_photo_from_another_citys_app_is_attached_without_its_location(app311: httpx.AsyncClient, pool: Pool):
    files = {"photo1": ("zou-13800138000.jpg", JPEG), "file_2": ("a.pdf", PDF), "photo3": ("", b"")}
    answer = await posted(app311, files)
    assert answer.status_code == 201, answer.text
    (demand,) = await facts(pool)
    image, paper = await downloads(app311, demand["attachments"])
    assert (image[:3], paper) == (b"\xff\xd8\xff", PDF)
    assert SECRET_PLACE.encode() not in image
    assert "13800138000" not in str(demand)
    assert await bound(pool) == 2


async def test_a_refused_file_is_reported_and_the_request_is_accepted(app311: httpx.AsyncClient, pool: Pool):
    answer = await posted(app311, [("photo1", ("a.mp4", VIDEO)), ("photo2", ("b.jpg", JPEG))])
    assert answer.status_code == 201, answer.text
    notice = answer.json()[0]["service_notice"]
    assert "附件 1 个未保存" in notice
    assert "1 file was not kept" in notice
    assert len((await facts(pool))[0]["attachments"]) == 1


async def test_a_repeated_request_stores_its_photo_once(app311: httpx.AsyncClient, pool: Pool):
    app311.headers["Idempotency-Key"] = "app-7"
    first, repeated = [await posted(app311, {"photo1": ("a.jpg", JPEG)}) for _ in range(2)]
    assert first.json()[0]["service_request_id"] == repeated.json()[0]["service_request_id"]
    response = await posted(app311, {"photo1": ("a.jpg", JPEG)}, description="另一件")
    assert response.status_code == 400, "the key belongs to other words"
    async with pool.acquire() as db:
        assert await db.fetchval("SELECT count(*) FROM attachment") == 1


async def test_the_photo_of_an_update_is_attached_to_the_note(app311: httpx.AsyncClient, pool: Pool):
    number = (await posted(app311, None)).json()[0]["service_request_id"]
    update = {
        "service_request_id": number, "update_id": "u1", "status": "OPEN",
        "updated_datetime": "2026-11-01T08:00:00Z", "description": "还没有人来",
    }  # fmt: skip
    files = [("photo1", ("a.jpg", JPEG)), ("photo2", ("b.mp4", VIDEO))]
    answer = await posted(app311, files, "servicerequestupdates", **update)
    assert answer.status_code == 201, answer.text
    _, note = await facts(pool)
    assert len(await downloads(app311, note["attachments"])) == 1
    assert note["text"].startswith("还没有人来\n［附件 1 个未保存")
    repeated = await posted(app311, files, "servicerequestupdates", **update)
    assert repeated.status_code == 201
    assert await bound(pool) == 1


async def test_a_form_of_more_than_twenty_one_megabytes_is_too_large(app311: httpx.AsyncClient):
    answer = await posted(app311, {"photo1": ("a.jpg", b"\xff\xd8\xff" + b"x" * 23_000_000)})
    assert answer.status_code == 413


# --- mail -------------------------------------------------------------------------------------------------------


def with_files(message: EmailMessage, *files: bytes) -> EmailMessage:
    for n, content in enumerate(files):
        message.add_attachment(content, maintype="application", subtype="octet-stream", filename=f"邹某{n}.jpg")
    return message


async def test_pictures_of_a_mail_are_attached_to_its_demand(database: str, pool: Pool, vault: Vault, folder: Path):
    key = await channel(pool, vault, ChannelKind.EMAIL, mailbox=BOX)
    set_here = kept_in(database, folder, mail_port=set_up(database).mail_port, mail_protocol="smtp")
    async with receiving(set_here, pool) as deliver:
        for _ in range(2):
            await deliver(with_files(mail(), JPEG, VIDEO, PDF))
        await deliver(with_files(mail("Re", "还是坏的", "<2@example.net>", In_Reply_To="<1@example.net>"), JPEG))
    demand, added = await facts(pool)
    assert "［附件 1 个未保存：" in demand["text"]
    assert "邹某" not in str(demand)
    async with served(kept_in(database, folder), pool, **{"X-API-Key": key}) as client:
        image, paper = await downloads(client, demand["attachments"])
        assert SECRET_PLACE.encode() not in image
        assert paper == PDF
        assert len(await downloads(client, added["attachments"])) == 1
    assert await bound(pool) == 3


async def test_a_mail_whose_files_cannot_be_stored_is_accepted_and_says_so(database: str, pool: Pool, vault: Vault):
    await channel(pool, vault, ChannelKind.EMAIL, mailbox=BOX)
    told_here = set_up(database)
    async with receiving(told_here, pool):

        def said() -> bytes:
            with smtplib.SMTP("127.0.0.1", told_here.mail_port) as line:
                line.ehlo()
                line.mail("zou@example.net")
                line.rcpt(BOX)
                return line.data(with_files(mail(), JPEG).as_bytes(policy=SMTP))[1]

        answer = await asyncio.to_thread(said)
    assert b"1 file was not kept" in answer
    assert "本系统未启用附件存储" in (await facts(pool))[0]["text"]


def test_a_picture_within_the_text_is_a_file_and_the_text_is_not():
    message = mail()
    message.add_alternative("<p>学校门口</p><img src='cid:a'>", subtype="html")
    message.get_payload()[1].add_related(JPEG, "image", "jpeg", cid="<a>")  # type: ignore[union-attr, index]
    found = letter(message.as_bytes(), "zou@example.net")
    assert found
    assert (found.files, "电话" in found.text) == ((JPEG,), True)
    assert "ffd8" not in repr(found)


# --- WeChat -----------------------------------------------------------------------------------------------------


@pytest.fixture
async def account(pool: Pool, vault: Vault) -> str:
    return await channel(pool, vault, ChannelKind.WECHAT, wechat_token=TOKEN, wechat_app_id=APP)


async def sent(client: httpx.AsyncClient, body: str) -> str:
    stamped = stamp()
    params: Mapping[str, str] = stamped | {"signature": signed(TOKEN, *stamped.values())}
    return reply_of(await client.post(WHERE, params=params, content=body.encode()))


async def test_a_wechat_picture_is_fetched_from_an_allowed_host(
    database: str,
    pool: Pool,
    vault: Vault,
    folder: Path,
    account: str,
    host: Host,  # noqa: F811
):
    host.answers["/x/0"] = JPEG
    settings = kept_in(database, folder, wechat_picture_hosts=host.name)
    async with served(settings, pool, **{"X-API-Key": account}) as client:
        for id in ("1", "1", "2"):
            await sent(client, xml(id, kind="image", PicUrl=f"http://{host.name}/x/0", MediaId="m"))
        demand, _, second = await facts(pool)
        (image,) = await downloads(client, demand["attachments"])
        assert len(await downloads(client, second["attachments"])) == 1
    assert SECRET_PLACE.encode() not in image
    assert host.name not in str(await facts(pool))
    assert f"http://{host.name}/x/0" in await secrets_of(pool, vault)
    assert host.asked == ["/x/0", "/x/0"], "a repeated message fetches nothing"


async def test_the_sender_of_an_invalid_wechat_picture_is_told(
    database: str,
    pool: Pool,
    folder: Path,
    account: str,
    host: Host,  # noqa: F811
):
    host.answers["/x/0"] = VIDEO
    async with served(kept_in(database, folder, wechat_picture_hosts=host.name), pool) as client:
        answer = await sent(client, xml("1", kind="image", PicUrl=f"http://{host.name}/x/0", MediaId="m"))
    assert "附件 1 个未保存" in answer


async def test_a_wechat_picture_stays_an_address_in_the_vault_unless_its_host_is_allowed(
    database: str,
    pool: Pool,
    vault: Vault,
    folder: Path,
    account: str,
    host: Host,  # noqa: F811
):
    address = f"http://{host.name}/x/0"
    async with served(kept_in(database, folder), pool) as client:
        await sent(client, xml("1", kind="image", PicUrl=address, MediaId="m"))
    assert "attachments" not in (await facts(pool))[0]
    assert address in await secrets_of(pool, vault)
    assert host.asked == []


# --- what is said later -----------------------------------------------------------------------------------------


async def test_a_supplement_may_reference_only_uploads_of_its_channel(
    database: str, pool: Pool, folder: Path, app311: httpx.AsyncClient
):
    number = (await posted(app311, None)).json()[0]["service_request_id"]
    uploaded = await app311.post("/v1/attachments", files={"file": ("a.jpg", JPEG)})
    reference = uploaded.json()["reference"]

    async def add(key: str, *references: str) -> httpx.Response:
        body = {"text": "照片", "attachments": list(references)}
        return await app311.post(f"/v1/demands/{number}/supplements", json=body, headers={"Idempotency-Key": key})

    assert (await add("s1", reference)).status_code == 201
    assert (await add("s1", reference)).status_code == 201
    stolen = await add("s2", "x" * 22)
    assert stolen.status_code == 422, stolen.text
    assert await bound(pool) == 1, "a refusal takes nothing away"
    assert [fact.get("attachments") for fact in await facts(pool)] == [None, [reference]]
