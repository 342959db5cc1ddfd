"""A form is decoded as its sender declares, and is read completely or not at all."""

from urllib.parse import quote

import httpx
import pytest

from tests.intake.open311_client import LAMP, V2, errors, listed

WATER = "没水，自来水管爆裂"
FORM = "application/x-www-form-urlencoded"
END = b"--x--\r\n"


async def described(client: httpx.AsyncClient, content: bytes, kind: str) -> str:
    """Post this body and return the listed description."""
    answer = await client.post(f"{V2}/requests.json", content=content, headers={"Content-Type": kind})
    assert answer.status_code == 201, answer.text
    (row,) = await listed(client, service_request_id=answer.json()[0]["service_request_id"])
    return str(row["description"])


def pairs(key: str, description: bytes) -> bytes:
    fields = {name: value for name, value in LAMP.items() if name != "description"} | {"api_key": key}
    return "&".join(f"{name}={value}" for name, value in fields.items()).encode() + b"&description=" + description


def part(name: str, value: bytes, headers: str = "") -> bytes:
    return f'--x\r\nContent-Disposition: form-data; name="{name}"\r\n{headers}\r\n'.encode() + value + b"\r\n"


def parts(key: str, *ending: bytes) -> bytes:
    fields = {name: value for name, value in LAMP.items() if name != "description"} | {"api_key": key}
    return b"".join((*(part(name, value.encode()) for name, value in fields.items()), *ending))


@pytest.mark.parametrize(
    ("description", "declared"),
    [
        (WATER.encode(), ""),
        (WATER.encode(), "; charset=utf-8"),
        (WATER.encode(), '; charset="UTF-8"'),
        (quote(WATER).encode(), ""),
        (quote(WATER, encoding="gbk").encode(), "; charset=gbk"),
        (WATER.encode("gb18030"), "; charset=GB2312"),
    ],
)
async def test_chinese_text_is_read_in_the_declared_encoding(
    open_reader: httpx.AsyncClient,
    key: str,
    description: bytes,
    declared: str,
):
    assert await described(open_reader, pairs(key, description), FORM + declared) == WATER


@pytest.mark.parametrize("kind", ["multipart/form-data; boundary=x", "multipart/form-data; boundary=x; charset=utf-8"])
@pytest.mark.parametrize(
    "last",
    [
        [part("description", WATER.encode())],
        [part("description", WATER.encode("gbk"), "Content-Type: text/plain; charset=gbk\r\n")],
        [part("description", WATER.encode("gbk")), part("_charset_", b"GBK")],
    ],
    ids=["utf-8", "of the part", "of the form"],
)
async def test_a_part_is_decoded_as_it_declares(open_reader: httpx.AsyncClient, key: str, kind: str, last: list[bytes]):
    assert await described(open_reader, parts(key, *last) + END, kind) == WATER


@pytest.mark.parametrize("suffix", ["xml", "json"])
@pytest.mark.parametrize("declared", ["", "; charset=utf-8", "; charset=nonsense", "; charset=zip"])
async def test_text_that_cannot_be_decoded_is_refused_with_advice(
    client: httpx.AsyncClient,
    key: str,
    declared: str,
    suffix: str,
):
    gbk = WATER.encode("gbk")
    for content, kind in (
        (pairs(key, gbk), FORM),
        (pairs(key, quote(gbk).encode()), FORM),
        (parts(key, part("description", gbk)) + END, "multipart/form-data; boundary=x"),
    ):
        answer = await client.post(
            f"{V2}/requests.{suffix}", content=content, headers={"Content-Type": kind + declared}
        )
        reasons = errors(answer, 400)
        assert "send UTF-8" in reasons
        assert "请使用 UTF-8 编码" in reasons
    assert await listed(client) == []


async def test_a_form_without_its_closing_boundary_is_refused(client: httpx.AsyncClient, key: str):
    whole = parts(key, part("description", WATER.encode()))
    for body in (whole, whole + b"--x", whole + b"--x-", whole[:-20]):
        answer = await client.post(
            f"{V2}/requests.json", content=body, headers={"Content-Type": "multipart/form-data; boundary=x"}
        )
        assert "closing boundary" in errors(answer, 400)
    assert await listed(client) == []


async def test_a_form_without_files_is_small(client: httpx.AsyncClient, key: str):
    many = pairs(key, b"x") + b"&a=1" * 1000
    large = pairs(key, b"x" * 1_048_576)
    for content, status, reasons in ((many, 400, "1000"), (large, 413, "1024 KiB")):
        answer = await client.post(f"{V2}/requests.xml", content=content, headers={"Content-Type": FORM})
        assert reasons in errors(answer, status)
