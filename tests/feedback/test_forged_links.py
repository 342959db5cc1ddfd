"""A forged rating link is refused with 403 by its signature alone, without a database and always with the same
effort."""

from collections.abc import AsyncIterator, Iterator
from random import Random
from typing import Any, Final
from unittest.mock import patch
from uuid import UUID

import httpx
import pytest
from itsdangerous import URLSafeTimedSerializer

from services.feedback import app
from services.feedback.settings import FeedbackSettings
from shared.chassis.base.tokens import Tokens
from shared.chassis.http.app import web_app
from shared.identity.citizen_links import BrokenLink, CitizenLinks
from tests import story
from tests.keys import KEYS

LINKS: Final = CitizenLinks.at("", KEYS["secret"])
REAL: Final = LINKS.token(story.ID, answer=4)
LETTERS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
MANY: Final = 10_000
PURPOSES: Final = 2
"""A link may be signed for the person who raised the demand, or for a supporter."""


class NoDatabase:
    """Stands for a pool that must not be used."""

    def acquire(self, **how: Any) -> None:
        raise AssertionError("a forged link asks for the database")


def forged() -> Iterator[str]:
    """Ten thousand links of four kinds in turn: a real one with one letter changed, one with another secret, a real
    payload with the signature of another demand, and random text."""
    random, other_links = Random(7), CitizenLinks.at("", "s" * 40)
    signed = REAL.partition(".")[2]
    for n in range(MANY // 4):
        position = random.randrange(len(REAL) - 1)
        other_letter = random.choice([letter for letter in LETTERS if letter != REAL[position]])
        yield REAL[:position] + other_letter + REAL[position + 1 :]
        yield other_links.token(UUID(int=n), answer=4)
        yield f"{LINKS.token(UUID(int=n)).partition('.')[0]}.{signed}"
        yield "".join(random.choices(LETTERS, k=random.choice((1, 20, len(REAL), 300))))


@pytest.fixture
async def client_without_database() -> AsyncIterator[httpx.AsyncClient]:
    settings = FeedbackSettings.model_validate(KEYS | {"DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none"})
    application = web_app("feedback", app.api(settings, NoDatabase()).routers)  # type: ignore[arg-type]
    transport = httpx.ASGITransport(application)
    async with httpx.AsyncClient(transport=transport, base_url="http://feedback") as client:
        yield client


def test_ten_thousand_forged_links_cost_two_signatures_each_and_none_is_accepted():
    accepted: list[str] = []
    checks = 0
    loads = URLSafeTimedSerializer.loads

    def counted(self: URLSafeTimedSerializer, *args: Any, **kwargs: Any) -> Any:
        nonlocal checks
        checks += 1
        return loads(self, *args, **kwargs)

    with patch.object(URLSafeTimedSerializer, "loads", counted):
        for token in forged():
            try:
                LINKS.read(token)
                accepted.append(token)
            except BrokenLink:
                continue
    assert accepted == []
    assert checks == PURPOSES * MANY


@pytest.mark.parametrize("method", ["see the page", "send the page", "ask the API", "send to the API"])
async def test_every_route_refuses_a_forged_link_without_the_database(
    client_without_database: httpx.AsyncClient, method: str
):
    verdict = {"rating": 5, "solved": True}
    statuses = set()
    for token in list(forged())[:40]:
        match method:
            case "see the page":
                answer = await client_without_database.get(f"/rate/{token}")
            case "send the page":
                answer = await client_without_database.post(f"/rate/{token}", data={"rating": "5", "solved": "true"})
            case "ask the API":
                answer = await client_without_database.get(f"/v1/ratings/{token}")
            case _:
                answer = await client_without_database.post(f"/v1/ratings/{token}", json=verdict)
        statuses.add(answer.status_code)
    assert statuses == {403}


async def test_an_expired_link_is_refused_without_the_database(client_without_database: httpx.AsyncClient):
    with patch("itsdangerous.timed.TimestampSigner.get_timestamp", lambda signer: 1_600_000_000):
        token = LINKS.token(story.ID, answer=4)
    assert (await client_without_database.get(f"/rate/{token}")).status_code == 410
    assert (
        await client_without_database.post(f"/v1/ratings/{token}", json={"rating": 5, "solved": True})
    ).status_code == 410


async def test_a_correctly_signed_link_uses_the_database(client_without_database: httpx.AsyncClient):
    assert (await client_without_database.get(f"/rate/{REAL}")).status_code == 500, (
        "what stands for the database has no answer"
    )
    staff = Tokens(KEYS["secret"]).write("staff", {"demand": str(story.ID)})
    assert (await client_without_database.get(f"/rate/{staff}")).status_code == 403
