"""A number is taken as people type it, at every address of every service that takes one."""

import re
from collections.abc import Iterator
from urllib.parse import quote

import pytest
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts

from deploy.cli.services import SERVICE_NAMES
from shared.contracts.numbers import canonical
from tests.api.fronts import Front, front

NAMES = {"number", "service_request_id", "token"}


def typed(number: str) -> Iterator[str]:
    """A number in other ways: small, without hyphens, full-width, in brackets, with letters for digits."""
    head, tail, check = number.split("-")
    yield number
    yield number.lower()
    yield f"{head}{tail}{check}"
    yield f" {head} {tail} {check} "
    yield f"【{number}】"
    yield "".join(chr(ord(c) + 0xFEE0) if c.isalnum() else c for c in number)
    yield f"#{head}-{tail.replace('0', 'O')}-{check}"
    yield f"{head.replace('1', 'l')}-{tail}-{check.replace('O', '0').replace('I', '1')}"


def wrong(number: str) -> str:
    """With another check character, which is no other number's either."""
    return next(f"{number[:-1]}{c}" for c in "KWXY34" if canonical(f"{number[:-1]}{c}") is None)


def addresses(web: FastAPI) -> Iterator[tuple[str, str]]:
    """Every GET and POST with a number in its path, pages and Open311 among them.

    Not the pages of the desk, which are for whoever has signed in: see `tests/routing/test_pages.py`. Nor those behind
    links, which are found by a token: what is behind each link is in `tests/intake/test_followed_pages.py`.
    """
    for route in iter_route_contexts(web.routes):
        path = str(route.path)
        walked = "/rat" not in path and not path.startswith(("/desk", "/follow/"))
        if walked and set(re.findall(r"{(\w+)}", path)) & NAMES:
            yield from ((method, path) for method in sorted(route.methods or ()) if method in ("GET", "POST"))


def named(front: Front, path: str, number: str) -> str:
    values = {name: number for name in NAMES} | {"format": "json"}
    address = re.sub(r"{(\w+)}", lambda found: quote(values[found[1]], safe=""), path)
    return f"{address}?jurisdiction_id=nanhai" if address.startswith("/open311") else address


@pytest.mark.parametrize("name", ["intake", "routing", "reporting"])
async def test_every_address_that_takes_a_number_takes_it_as_it_is_typed(database: str, name: str):
    async with front(name, database) as served:
        number, walked = str(served.known["number"]), list(addresses(served.web))
        assert walked
        for method, path in walked:
            told = {}
            for written in typed(number):
                answer = await served.client.request(method, named(served, path, written), headers=served.opens)
                told[written] = (answer.status_code, "check character" in answer.text)
            assert set(told.values()) == {told[number]}, (method, path, told)
            assert told[number][0] != 404, (method, path)


@pytest.mark.parametrize("name", ["intake", "routing", "reporting"])
async def test_a_wrong_character_is_told_in_a_sentence(database: str, name: str):
    async with front(name, database) as served:
        number = wrong(str(served.known["number"]))
        for method, path in addresses(served.web):
            if "{token}" in path:
                continue  # a token is an id: what is neither is an unknown token
            answer = await served.client.request(method, named(served, path, number), headers=served.opens)
            assert answer.status_code == 404, (method, path)
            assert "核对是否抄错" in answer.text or "check character" in answer.text, (method, path, answer.text)


def test_no_service_has_addresses_with_numbers_that_are_not_walked():
    assert set(SERVICE_NAMES) == {"intake", "routing", "reporting", "feedback"}


async def test_feedback_has_no_address_with_a_number(database: str):
    async with front("feedback", database) as served:
        # The page behind a link is found by its token, which is no number.
        assert list(addresses(served.web)) == []


async def test_lists_of_open311_take_numbers_as_they_are_typed(database: str):
    async with front("intake", database) as served:
        number = str(served.known["number"])
        for written in typed(number):
            asked = {"service_request_id": written, "jurisdiction_id": "nanhai"}
            answer = await served.client.get("/open311/v2/requests.json", params=asked)
            assert [one["service_request_id"] for one in answer.json()] == [number], written
