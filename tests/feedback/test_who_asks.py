"""Every route of feedback asks intake about staff tokens: a token that was revoked there is refused here."""

from collections.abc import AsyncIterator
from datetime import timedelta

import httpx
import pytest

from services.feedback import app as feedback
from services.feedback.settings import FeedbackSettings
from services.intake.channels import introspection_api
from services.intake.channels.introspection_api import Introspection
from services.intake.settings import IntakeSettings
from shared.chassis.base.clock import now
from shared.chassis.database.pool import Pool, open_pool
from shared.chassis.http.app import web_app
from shared.identity import revocations
from shared.identity.callers import Callers
from shared.identity.person import Person
from shared.identity.staff_tokens import StaffTokens, identity
from tests.api.inside import intake_inside
from tests.keys import KEYS
from tests.packs import shipped

DOORS = ("/v1/messages", "/v1/webhooks")
ADMIN = Person("马", "nh-coordinator", frozenset({"admin"}))


@pytest.fixture
async def intake(database: str) -> AsyncIterator[Pool]:
    async with await open_pool(database, "intake") as pool:
        yield pool


@pytest.fixture
async def client(database: str, pool: Pool, intake: Pool) -> AsyncIterator[httpx.AsyncClient]:
    """Feedback's complete API, with the intake that it sends requests to."""
    settings = IntakeSettings.model_validate(KEYS | {"DATABASE_URL": database})
    with intake_inside() as inside:
        api = feedback.api(FeedbackSettings.model_validate(KEYS | {"DATABASE_URL": database}), pool)
    callers = Callers.of(settings, intake, shipped())
    inside.app = web_app("intake", [introspection_api.routes(Introspection(intake, callers))])
    transport = httpx.ASGITransport(web_app("feedback", api.routers), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://feedback") as opened:
        yield opened


def token() -> str:
    """The token of an administrator."""
    return StaffTokens.of(IntakeSettings.model_validate(KEYS | {"DATABASE_URL": "postgresql://u@h/d"})).write(ADMIN)[0]


async def statuses(client: httpx.AsyncClient, token: str) -> list[int]:
    headers = {"Authorization": f"Bearer {token}"}
    return [(await client.get(route, headers=headers)).status_code for route in DOORS]


async def test_a_token_that_was_revoked_at_intake_is_refused_by_every_route_of_feedback(
    client: httpx.AsyncClient, intake: Pool
):
    revoked, valid = token(), token()
    assert await statuses(client, revoked) == [200, 200]
    async with intake.acquire() as db:
        await revocations.revoke_token(db, identity(revoked), now())
    assert await statuses(client, revoked) == [401, 401]
    async with intake.acquire() as db:
        await revocations.revoke_bearers(db, ADMIN.unit, ADMIN.name, now() + timedelta(seconds=1))
    assert await statuses(client, valid) == [401, 401]


async def test_an_invalid_token_is_refused_by_every_route(client: httpx.AsyncClient):
    assert await statuses(client, token()[:-3] + "abc") == [401, 401]
