"""The base of the portal: pages for citizens in both languages, with a CSRF token in every form."""

from collections.abc import AsyncIterator
from typing import Annotated

import httpx
import pytest
from fastapi import Depends, Response

from services.intake.web.portal_page import portal_router
from shared.chassis.http.app import web_app
from shared.identity.visitors import Visitor, Visitors


async def test_the_first_page_links_to_raising_and_following_in_both_languages(client: httpx.AsyncClient):
    zh, en = (await client.get("/")).text, (await client.get("/", params={"lang": "en"})).text
    assert 'lang="zh"' in zh
    assert 'href="/raise"' in zh
    assert 'href="/follow"' in zh
    assert "提一件诉求" in zh
    assert 'lang="en"' in en
    assert 'href="/raise?lang=en"' in en
    assert 'href="/follow?lang=en"' in en
    assert 'href="tel:119"' in zh
    assert 'href="tel:119"' in en


async def test_an_unknown_address_of_the_portal_is_answered_with_a_page(client: httpx.AsyncClient):
    answer = await client.get("/", params={"lang": "xx"})
    assert (answer.status_code, answer.headers["content-type"]) == (422, "text/html; charset=utf-8")


def app_of(visitors: Visitors) -> httpx.ASGITransport:
    """One page with a form."""
    router = portal_router()

    @router.get("/form")
    @router.post("/form")
    async def form(visitor: Annotated[Visitor, Depends(visitors.visitor)]) -> Response:
        return Response(visitor.csrf)

    return httpx.ASGITransport(web_app("form", [router]))


@pytest.fixture
async def new_visitor() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(transport=app_of(Visitors(False)), base_url="http://intake") as client:
        yield client


async def test_a_form_is_accepted_only_with_the_token_of_its_visitor(new_visitor: httpx.AsyncClient):
    assert (await new_visitor.post("/form", data={"csrf": "x"})).status_code == 403
    first = await new_visitor.get("/form")
    assert "HttpOnly" in first.headers["set-cookie"]
    assert "private" in first.headers["cache-control"]
    assert (await new_visitor.post("/form", data={"csrf": first.text})).status_code == 200
    assert (await new_visitor.post("/form", headers={"X-CSRF-Token": first.text})).status_code == 200
    refused = await new_visitor.post("/form", data={"csrf": first.text[:-1] + "x"})
    assert refused.status_code == 403
    assert "请重新打开页面" in refused.text
    assert (await new_visitor.post("/form")).status_code == 403
    new_visitor.cookies.clear()
    assert (await new_visitor.post("/form", data={"csrf": first.text})).status_code == 403


async def test_a_visitor_keeps_the_cookie_and_gets_no_second_one(new_visitor: httpx.AsyncClient):
    first = await new_visitor.get("/form")
    again = await new_visitor.get("/form")
    assert again.text == first.text
    assert "set-cookie" not in again.headers


async def test_over_https_the_cookie_has_the_host_prefix():
    async with httpx.AsyncClient(transport=app_of(Visitors(True)), base_url="https://intake") as secure_visitor:
        cookie = (await secure_visitor.get("/form")).headers["set-cookie"]
    assert cookie.startswith("__Host-huying-visitor=")
    assert cookie.endswith("; Secure")
