"""Style sheets and scripts are kept for ever under addresses that change with them; larger type is remembered."""

import gzip
import re

import httpx
import pytest

from shared.chassis.http.app import web_app
from shared.web.assets import FOR_EVER, address, catalogue
from shared.web.display import LARGE_TYPE, look
from shared.web.way_back import own_address


@pytest.fixture
def browser() -> httpx.AsyncClient:
    transport = httpx.ASGITransport(web_app("look", [look()]))
    return httpx.AsyncClient(transport=transport, base_url="http://look")


@pytest.mark.parametrize("name", ["look.css", "huying.js", "huying.svg", "htmx.js"])
async def test_an_address_with_the_hash_is_kept_for_ever_and_no_other(browser: httpx.AsyncClient, name: str):
    assert re.fullmatch(r"/assets/\w+\.[0-9a-f]{12}\.\w+", address(name))
    hashed, plain = await browser.get(address(name)), await browser.get(f"/assets/{name}")
    old = await browser.get(address(name).replace(catalogue()[name].digest, "0" * 12))
    assert [answer.headers["cache-control"] for answer in (hashed, plain, old)] == [FOR_EVER, "no-cache", "no-cache"]
    assert hashed.content == plain.content == old.content == catalogue()[name].content
    assert hashed.headers["content-type"].split(";")[0] in ("text/css", "text/javascript", "image/svg+xml")


async def test_what_is_packed_is_the_same(browser: httpx.AsyncClient):
    async with browser.stream("GET", "/assets/htmx.js", headers={"Accept-Encoding": "gzip"}) as answer:
        packed = b"".join([part async for part in answer.aiter_raw()])
    assert answer.headers["content-encoding"] == "gzip"
    assert len(packed) < 20_000
    assert gzip.decompress(packed) == catalogue()["htmx.js"].content
    plain = await browser.get("/assets/htmx.js", headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers


def test_htmx_is_of_the_second_line():
    (version,) = re.findall(r'version:"([\d.]+)"', catalogue()["htmx.js"].content.decode())
    assert version.startswith("2.0.")


@pytest.mark.parametrize("name", ["nothing.css", "..%2fpages.py", "look.css.map", "look", "pages.py"])
async def test_no_other_file_is_given_away(browser: httpx.AsyncClient, name: str):
    assert (await browser.get(f"/assets/{name}")).status_code == 404


async def test_larger_type_is_chosen_once_and_told_to_every_page(browser: httpx.AsyncClient):
    assert (await browser.get("/display/type.css")).text == ""
    answer = await browser.post("/display", data={"type": "large", "back": "/board?lang=en"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/board?lang=en")
    sheet = await browser.get("/display/type.css")
    assert (sheet.text, sheet.headers["vary"]) == (LARGE_TYPE, "Cookie")
    page = (await browser.get("/display")).text
    assert [line for line in page.splitlines() if "正在使用" in line and 'value="large"' in line]
    assert 'type="radio"' not in page, "one press is enough"
    await browser.post("/display", data={"type": "normal"})
    assert (await browser.get("/display/type.css")).text == ""


@pytest.mark.parametrize(
    "back", ["https://elsewhere.example", "//elsewhere.example", "/\\elsewhere.example", "/a\nb", "x"]
)
async def test_nobody_is_led_to_another_site(browser: httpx.AsyncClient, back: str):
    assert own_address(back) == ""
    answer = await browser.post("/display", data={"type": "large", "back": back})
    assert answer.headers["location"] == "/display?lang=zh"
