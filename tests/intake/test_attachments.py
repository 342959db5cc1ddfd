"""Attachments: only the visible content of pictures and documents is stored, and only permitted callers can read it."""

import asyncio
import contextlib
import re
import shutil
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import datetime, timedelta
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import UUID

import boto3
import httpx
import pikepdf
import pytest
from fastapi import FastAPI
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, PngImagePlugin

from deploy.local.ports import free_port
from services.intake import app
from services.intake.attachments.bucket import S3Store
from services.intake.attachments.kinds import Accepted
from services.intake.attachments.papers import redrawn_pdf
from services.intake.attachments.pictures import redrawn_picture
from services.intake.attachments.scanning import ClamAV, Scan
from services.intake.attachments.service import AttachmentService
from services.intake.attachments.stores import FolderStore, Lost, Store
from services.intake.channels import keys
from services.intake.settings import IntakeSettings
from shared.chassis.base.clock import now
from shared.chassis.base.tokens import Tokens
from shared.chassis.database.pool import Pool
from shared.chassis.http.app import web_app
from shared.contracts.demand import facts as f
from shared.contracts.demand.facts import ChannelKind
from shared.contracts.refusals import Code, Refused
from tests.built import Built
from tests.conftest import PATIENCE, UNREACHABLE
from tests.eventually import eventually
from tests.intake import papers
from tests.intake.clamd import EVIL, clamd
from tests.intake.test_api import GOOD, is_a_problem, submit
from tests.intake.test_notes import taken
from tests.intake.test_story import OtherServices
from tests.keys import KEYS

SECRET_PLACE = "23.0218N 113.1214E"
PDF = papers.plain()
KEY = f"{'a' * 64}/0123456789abcdefghij"


def picture(kind: str, size: tuple[int, int] = (40, 20), **options: Any) -> bytes:
    """A picture whose left half is red, with metadata like a camera's."""
    image = Image.new("RGB", size, "white")
    image.paste("red", (0, 0, size[0] // 2, size[1]))
    out = BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def exif(orientation: int = 1) -> Image.Exif:
    metadata = Image.Exif()
    metadata[0x0112], metadata[0x010E] = orientation, SECRET_PLACE
    metadata.get_ifd(0x8825).update({1: "N", 2: (23.0, 1.0, 18.0), 3: "E", 4: (113.0, 7.0, 17.0)})
    return metadata


def texts() -> PngImagePlugin.PngInfo:
    png_info = PngImagePlugin.PngInfo()
    png_info.add_text("Comment", SECRET_PLACE)
    png_info.add_itxt("XML:com.adobe.xmp", f"<x>{SECRET_PLACE}</x>")
    return png_info


Making = Callable[..., httpx.AsyncClient]


@pytest.fixture(scope="module")
def shared_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of attachments, shared by the tests."""
    return tmp_path_factory.mktemp("intake") / "attachments"


@pytest.fixture(scope="module")
def storing(shared_folder: Path) -> Built:
    """Intake's API that stores attachments there."""
    settings = IntakeSettings.model_validate(KEYS | {"DATABASE_URL": UNREACHABLE, "attachments_folder": shared_folder})
    return Built("intake", partial(app.api, settings), keys.key_cache)


@pytest.fixture
def folder(shared_folder: Path) -> Iterator[Path]:
    """The same folder, emptied."""
    yield shared_folder
    if shared_folder.is_dir():
        shutil.rmtree(shared_folder)
    shared_folder.unlink(missing_ok=True)


@pytest.fixture
def settings(database: str, folder: Path) -> IntakeSettings:
    return IntakeSettings.model_validate(KEYS | {"DATABASE_URL": database, "attachments_folder": folder})


@pytest.fixture
async def served(storing: Built, pool: Pool, folder: Path) -> AsyncIterator[FastAPI]:
    async with storing.on(pool) as opened:
        yield opened


@pytest.fixture
async def other(pool: Pool, served: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    async with await visitor(pool, served, "wechat") as opened:
        yield opened


@pytest.fixture
async def client(pool: Pool, served: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    async with await visitor(pool, served, "web") as opened:
        yield opened


async def client_of(pool: Pool, settings: IntakeSettings, channel: str) -> httpx.AsyncClient:
    return await visitor(pool, web_app("intake", app.api(settings, pool).routers), channel)


async def visitor(pool: Pool, served: FastAPI, channel: str) -> httpx.AsyncClient:
    key = await keys.add(pool, channel, ChannelKind.WEB, channel)
    transport = httpx.ASGITransport(served, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://intake", headers={"X-API-Key": key})


async def upload(client: httpx.AsyncClient, content: bytes, name: str = "x.jpg") -> httpx.Response:
    return await client.post("/v1/attachments", files={"file": (name, content, "text/plain")})


async def reference(client: httpx.AsyncClient) -> str:
    answer = await upload(client, picture("JPEG"))
    assert answer.status_code == 201, answer.text
    return str(answer.json()["reference"])


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


@pytest.mark.parametrize(
    ("content", "media_type"),
    [
        (picture("JPEG", exif=exif(), comment=SECRET_PLACE, xmp=f"<x>{SECRET_PLACE}</x>".encode()), "image/jpeg"),
        (picture("PNG", exif=exif(), pnginfo=texts()), "image/png"),
        (picture("WEBP", exif=exif(), xmp=SECRET_PLACE.encode()), "image/webp"),
        (picture("GIF", comment=SECRET_PLACE), "image/png"),
    ],
    ids=["jpeg", "png", "webp", "gif"],
)
async def test_the_location_of_a_picture_is_removed(client: httpx.AsyncClient, content: bytes, media_type: str):
    assert SECRET_PLACE.encode() in content, "the camera did tell"
    body = (await upload(client, content)).json()
    assert (body["media_type"], body["scan"]) == (media_type, "not-scanned")
    download = await client.get(f"/v1/attachments/{body['reference']}")
    assert SECRET_PLACE.encode() not in download.content
    with Image.open(BytesIO(download.content)) as image:
        assert not dict(image.getexif())
        assert set(image.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density", "loop", "background"}
        red, white = image.convert("RGB").getpixel((5, 10)), image.convert("RGB").getpixel((35, 10))
    assert (red[0] > 200 > red[1], min(white) > 200) == (True, True)


@pytest.mark.parametrize("locked", [None, pikepdf.Encryption(owner="a", user="")], ids=["open", "not to be printed"])
async def test_scripts_files_and_authors_of_a_document_are_removed_and_its_pages_stay(
    client: httpx.AsyncClient, locked: pikepdf.Encryption | None
):
    content = papers.paper(encryption=locked)
    assert papers.unfolded(content).count(b"SECRET-") > 10, "it did tell"
    body = (await upload(client, content)).json()
    kept = (await client.get(f"/v1/attachments/{body['reference']}")).content
    assert (body["media_type"], body["size"]) == ("application/pdf", len(kept))
    shown = papers.unfolded(kept)
    assert not set(re.findall(rb"SECRET-\w+", shown))
    assert not set(re.findall(rb"/(?:JS|JavaScript|AA|OpenAction|Annots|Names|Info|Metadata)\b", shown))
    assert (papers.SEEN in shown, b"filled-in" in shown) == (True, True)
    with pikepdf.open(BytesIO(kept)) as pdf:
        pictures = [
            pikepdf.PdfImage(cleaned_picture).as_pil_image() for cleaned_picture in pdf.pages[0].get_images().values()
        ]
    assert [picture.convert("RGB").getpixel((9, 9))[0] > 200 for picture in pictures] == [True, True]


async def test_a_document_that_takes_too_long_is_refused_and_its_process_killed():
    with pytest.raises(Refused, match="too much time"):
        await redrawn_pdf(PDF, seconds=0)


async def test_a_rotated_picture_is_turned_upright(client: httpx.AsyncClient):
    body = (await upload(client, picture("JPEG", exif=exif(orientation=6)))).json()
    download = await client.get(f"/v1/attachments/{body['reference']}")
    with Image.open(BytesIO(download.content)) as image:
        assert image.size == (20, 40)
        top = image.getpixel((10, 5))
    assert top[0] > 200 > top[1], "its left half is now on top"


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_picture_with_invalid_metadata_is_accepted(kind: str):
    content = picture(kind, exif=b"Exif\0\0nonsense")
    assert redrawn_picture(content, Accepted(kind, "image/png", "png", kind), 1000)


@pytest.mark.parametrize("kind", ["JPEG", "WEBP"])
def test_a_rotated_picture_with_metadata_of_a_wrong_type_is_turned_upright(kind: str):
    described, text, single_float = b"\x01\x0e\0", b"\x02", b"\x0b"
    content = picture(kind, exif=exif(orientation=6)).replace(described + text, described + single_float)
    with Image.open(BytesIO(redrawn_picture(content, Accepted(kind, "image/png", "png", kind), 1000))) as image:
        assert image.size == (20, 40)


async def test_a_download_is_harmless_in_a_browser(client: httpx.AsyncClient):
    answer = await client.get(f"/v1/attachments/{await reference(client)}")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-disposition"].startswith("attachment; filename=")
    assert answer.headers["content-disposition"].endswith('.jpg"')
    assert "sandbox" in answer.headers["content-security-policy"]
    assert "no-store" in answer.headers["cache-control"]


@pytest.mark.parametrize(
    ("content", "hint"),
    [
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "JPEG"),
        (b"\0\0\0\x18ftypmp42\0\0\0\0", "pictures"),
        (b"PK\x03\x04" + b"\0" * 40, "PDF"),
        (b"<html><script>alert(1)</script>", "JPEG, PNG, WebP, GIF, PDF"),
        (b"MZ\x90\0", "JPEG, PNG"),
        (b"", "JPEG, PNG"),
        (picture("JPEG")[:200], "damaged"),
        (b"\xff\xd8\xff" + b"\0" * 100, "damaged"),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 100, "damaged"),
        (picture("PNG")[:60], "damaged"),
        (b"GIF89a", "this GIF is damaged"),
        (b"RIFF\x10\0\0\0WEBPVP8 ", "damaged"),
        (b"%PDF-1.4\n", "print it to PDF"),
        (b"%PDF-1.7" + b"<<" * 100_000, "print it to PDF"),
        (papers.hollow(), "print it to PDF"),
        (papers.paper(encryption=pikepdf.Encryption(owner="a", user="b")), "password"),
    ],
)  # fmt: skip
async def test_a_refused_file_is_answered_with_the_accepted_kinds(
    client: httpx.AsyncClient, folder: Path, content: bytes, hint: str
):
    refused = await upload(client, content, "holiday.jpg")
    assert refused.status_code == 422, refused.text
    (error,) = is_a_problem(refused)["errors"]
    assert (error["field"], hint in error["detail_en"]) == ("file", True), error
    assert files(folder) == []


async def test_a_file_sent_as_text_is_refused_with_the_right_way(client: httpx.AsyncClient):
    refused = await client.post("/v1/attachments", files={"file": (None, "a picture")})
    assert refused.status_code == 422, refused.text
    (error,) = is_a_problem(refused)["errors"]
    assert error["field"] == "file"
    assert all("filename=" in error[language_field] for language_field in ("detail", "detail_en")), error


async def test_a_decompression_bomb_is_refused_before_it_is_decoded(client: httpx.AsyncClient):
    bomb = BytesIO()
    Image.new("1", (30_000, 30_000)).save(bomb, "PNG")
    assert len(bomb.getvalue()) < 200_000
    refused = await upload(client, bomb.getvalue())
    assert (refused.status_code, "million pixels" in refused.text) == (422, True)


@pytest.mark.parametrize(
    ("size", "head", "status"),
    [(10, b"\xff\xd8\xff", 413), (19, PDF, 201), (20, PDF, 413), (22, PDF, 413)],
    ids=["a picture of ten", "a paper of nineteen", "a paper of twenty", "a paper of twenty-two"],
)
async def test_a_file_over_its_limit_is_refused(client: httpx.AsyncClient, size: int, head: bytes, status: int):
    answer = await upload(client, head + b"\0" * (size * 1_048_576))
    assert answer.status_code == status, answer.text


async def test_a_demand_has_its_attachments(client: httpx.AsyncClient, pool: Pool):
    references = [await reference(client), await reference(client)]
    answer = await submit(client, GOOD | {"attachments": references})
    assert answer.status_code == 201, answer.text
    assert (await submit(client, GOOD | {"attachments": references})).json() == answer.json()
    async with pool.acquire() as db:
        fact = await db.fetchval("SELECT payload::jsonb -> 'attachments' FROM journal")
        bound = await db.fetchval("SELECT count(*) FROM attachment WHERE demand_id = $1::uuid", answer.json()["id"])
    assert (fact.count('"'), bound) == (4, 2)
    assert all(cleaned_picture in fact for cleaned_picture in references)


async def test_a_reference_of_another_channel_or_demand_is_refused(
    client: httpx.AsyncClient, other: httpx.AsyncClient, pool: Pool
):
    foreign, used, good = await reference(other), await reference(client), await reference(client)
    await submit(client, GOOD | {"attachments": [used]}, "first")
    refused = await submit(client, GOOD | {"attachments": [good, foreign, used, "no-such-reference-0"]}, "k")
    assert refused.status_code == 422
    fields = [error["field"] for error in is_a_problem(refused)["errors"]]
    assert fields == ["attachments.1", "attachments.2", "attachments.3"]
    async with pool.acquire() as db:
        assert await db.fetchval("SELECT count(*) FROM submission") == 1
    again = await submit(client, GOOD | {"attachments": [good]}, "k")
    assert again.status_code == 201, "what was refused binds nothing"


@pytest.mark.parametrize("references", [["../../etc/passwd"], ["a" * 22] * 10, "x", [7]])
async def test_an_invalid_reference_is_refused_with_its_field(client: httpx.AsyncClient, references: Any):
    refused = await submit(client, GOOD | {"attachments": references})
    assert refused.status_code == 422
    assert is_a_problem(refused)["errors"][0]["field"].startswith("attachments")


async def test_another_channel_cannot_download_it(client: httpx.AsyncClient, other: httpx.AsyncClient):
    references = await reference(client)
    assert (await other.get(f"/v1/attachments/{references}")).status_code == 404
    assert (await other.get("/v1/attachments/none-at-all-0123456")).status_code == 404
    assert (await other.get(f"/v1/attachments/{references}", headers={"X-API-Key": ""})).status_code == 401


async def test_staff_see_the_attachments_of_their_own_cases(client: httpx.AsyncClient, settings: IntakeSettings):
    attached, unused = await reference(client), await reference(client)
    await submit(client, GOOD | {"attachments": [attached]})

    async def as_staff(unit: str, reference: str) -> int:
        token = Tokens(settings.secret).write("staff", {"name": "陈", "unit": unit})
        headers = {"Authorization": f"Bearer {token}"}
        return (await client.get(f"/v1/attachments/{reference}", headers=headers)).status_code

    assert await as_staff("nh-coordinator", attached) == 200
    assert await as_staff("nh-coordinator", unused) == 404
    assert await as_staff("another-unit", attached) == 404


async def test_an_upload_without_a_demand_is_removed_after_a_day(client: httpx.AsyncClient, pool: Pool, folder: Path):
    used, unused = await reference(client), await reference(client)
    await submit(client, GOOD | {"attachments": [used]})
    later: list[datetime] = [now()]
    service = swept_by(pool, folder, lambda: later[0])
    assert (await service.sweep(), len(files(folder))) == (0, 2)
    later[0] += timedelta(hours=24, minutes=1)
    assert (await service.sweep(), len(files(folder))) == (1, 1)
    assert (await client.get(f"/v1/attachments/{unused}")).status_code == 404
    assert (await client.get(f"/v1/attachments/{used}")).status_code == 200


def swept_by(pool: Pool, folder: Path, clock: Callable[[], datetime]) -> AttachmentService:
    service = app.attachment_service(
        IntakeSettings.model_validate(KEYS | {"DATABASE_URL": "", "attachments_folder": folder}), pool
    )
    return AttachmentService(pool, service.store, service.scanner, service.limits, service.max_pixels, clock)


async def test_a_file_changed_on_disk_is_never_returned(client: httpx.AsyncClient, folder: Path):
    references = await reference(client)
    (kept,) = files(folder)
    kept.write_bytes(kept.read_bytes() + b"x")
    assert (await client.get(f"/v1/attachments/{references}")).status_code == 500


async def test_an_infected_file_is_refused_and_not_stored(pool: Pool, settings: IntakeSettings, folder: Path):
    async with clamd() as address:
        scanned = settings.model_copy(update={"clamav": address})
        async with await client_of(pool, scanned, "web") as client:
            assert (await upload(client, PDF)).json()["scan"] == "clean"
            refused = await upload(client, PDF + EVIL)
    assert refused.status_code == 422
    assert "Eicar-Test-Signature" in is_a_problem(refused)["detail_en"]
    assert len(files(folder)) == 1


async def test_no_file_is_accepted_while_the_scanner_is_away(pool: Pool, settings: IntakeSettings, folder: Path):
    scanned = settings.model_copy(update={"clamav": f"tcp://127.0.0.1:{free_port()}"})
    async with await client_of(pool, scanned, "web") as client:
        refused = await upload(client, PDF)
    assert (refused.status_code, "retry-after" in refused.headers) == (503, True)
    is_a_problem(refused)
    assert files(folder) == []


async def test_a_file_is_sent_to_the_scanner_over_a_socket_in_chunks(tmp_path: Path):
    async with clamd(tmp_path / "clamd.ctl") as address:
        assert await ClamAV(address).scan(b"\0" * 200_000) is Scan.CLEAN
        with pytest.raises(Refused):
            await ClamAV(address).scan(b"\0" * 65_530 + EVIL)


async def test_uploads_are_refused_if_attachments_are_not_configured(pool: Pool, settings: IntakeSettings):
    async with await client_of(pool, settings.model_copy(update={"attachments_folder": None}), "web") as client:
        refused = await upload(client, PDF)
    assert (refused.status_code, "HUYING_ATTACHMENTS_FOLDER" in refused.text) == (503, True)


@pytest.fixture(scope="module")
async def s3() -> AsyncIterator[S3Store]:
    """A bucket on a local S3 server."""
    port = free_port()
    server = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port),
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    url = f"http://127.0.0.1:{port}"
    try:

        async def answers() -> bool:
            async with httpx.AsyncClient(trust_env=False) as client:
                try:
                    return (await client.get(url)).status_code < 500
                except httpx.TransportError:
                    return False

        await eventually(answers, bool, within=PATIENCE)
        bucket = boto3.client(
            "s3", endpoint_url=url, aws_access_key_id="i", aws_secret_access_key="s", region_name="us-east-1"
        )
        await asyncio.to_thread(bucket.create_bucket, Bucket="huying")
        yield S3Store(f"{url}/huying", "i", "s", "us-east-1")
    finally:
        server.terminate()
        await server.wait()


@pytest.fixture(params=["folder", "s3"])
def store(request: pytest.FixtureRequest, folder: Path) -> Store:
    return FolderStore(folder) if request.param == "folder" else request.getfixturevalue("s3")


async def test_a_store_returns_what_was_stored(store: Store):
    await store.put(KEY, b"one")
    await store.put(KEY, b"two")
    assert await store.get(KEY) == b"two"
    await store.remove(KEY)
    await store.remove(KEY)
    with pytest.raises(Lost):
        await store.get(KEY)


@pytest.mark.parametrize("key", ["../x", f"{'a' * 64}/../../x", f"{'a' * 64}", "", f"{'A' * 64}/0123456789abcdef"])
async def test_a_store_accesses_nothing_outside_of_itself(store: Store, key: str):
    with pytest.raises(ValueError, match="not the key"):
        await store.put(key, b"x")


async def test_a_store_that_is_away_raises_its_own_error(folder: Path):
    folder.write_text("a file where a folder should be")
    for store in (FolderStore(folder), S3Store(f"http://127.0.0.1:{free_port()}/b", "i", "s", "us-east-1")):
        with pytest.raises(Refused) as refused:
            await store.put(KEY, b"x")
        assert refused.value.code is Code.UNAVAILABLE


async def test_an_upload_is_stored_in_s3_and_can_be_downloaded(pool: Pool, settings: IntakeSettings, s3: S3Store):
    service = AttachmentService(
        pool,
        s3,
        app.attachment_service(settings, pool).scanner,
        app.attachment_service(settings, pool).limits,
        1_000_000,
    )
    channel = await keys.authenticate(pool, await keys.add(pool, "web", ChannelKind.WEB, "w"), "submit")
    reference = await service.take(channel, picture("JPEG"))
    assert (await service.content(reference)).startswith(b"\xff\xd8\xff")


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "I;16"])
def test_a_picture_of_any_colour_mode_is_accepted(mode: str):
    out = BytesIO()
    kind = "JPEG" if mode == "CMYK" else "PNG"
    Image.new(mode, (3, 3)).save(out, kind)
    assert redrawn_picture(out.getvalue(), Accepted(kind, "image/png", "png", kind), 100)


def test_a_grey_picture_of_sixteen_bits_keeps_its_greys():
    out = BytesIO()
    Image.new("I;16", (3, 3), 40_000).save(out, "PNG")
    with Image.open(BytesIO(redrawn_picture(out.getvalue(), Accepted("PNG", "image/png", "png", "PNG"), 100))) as image:
        assert image.getpixel((1, 1)) == 40_000 // 256


SENT = [(kind, picture(kind, exif=exif(way))) for kind in ("JPEG", "PNG", "WEBP") for way in (1, 6)]


@given(
    st.sampled_from([*SENT, ("GIF", picture("GIF"))]),
    st.lists(st.tuples(st.integers(0, 2000), st.binary(max_size=4)), max_size=4),
)
def test_a_damaged_picture_is_accepted_or_refused_and_never_a_fault(
    sent: tuple[str, bytes], damage: list[tuple[int, bytes]]
):
    kind, content = sent[0], bytearray(sent[1])
    for place, spoilt in damage:
        content[place : place + len(spoilt)] = spoilt
    with contextlib.suppress(Refused):
        assert SECRET_PLACE.encode() not in redrawn_picture(
            bytes(content), Accepted(kind, "image/png", "png", kind), 10_000
        )


async def test_the_channel_of_a_demand_can_read_files_of_the_answer_and_none_for_staff(
    pool: Pool, settings: IntakeSettings, database: str, client: httpx.AsyncClient, other: httpx.AsyncClient
):
    service, other_services = app.attachment_service(settings, pool), OtherServices(pool, database)
    receipt = await taken(client)
    demand = UUID(receipt["id"])
    public_file = (await service.take_evidence("u-1", demand, picture("JPEG"))).reference
    staff_file = (await service.take_evidence("u-1", demand, picture("PNG"))).reference
    resolved = f.DemandResolved(by="陈志强", result="已修复", attachments=(public_file,), evidence=(staff_file,))
    await other_services.deliver(
        receipt, f.DemandRouted(unit="u-1", rule="r1"), f.DemandAccepted(by="陈志强"), resolved
    )
    body = (await client.get(f"/v1/demands/{receipt['number']}")).json()
    assert body["answer"]["attachments"] == [public_file]
    assert (await client.get(f"/v1/attachments/{public_file}")).status_code == 200
    assert (await client.get(f"/v1/attachments/{staff_file}")).status_code == 404
    assert (await other.get(f"/v1/attachments/{public_file}")).status_code == 404
