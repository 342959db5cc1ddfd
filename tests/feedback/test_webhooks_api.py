"""Webhooks over HTTP: intake says who owns them, and a key that was revoked there has none any more."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from prometheus_client import REGISTRY

from services.feedback.webhooks import api
from services.feedback.webhooks.api import OwnerReader
from services.feedback.webhooks.commands import CreateWebhook
from services.feedback.webhooks.gauges import GAUGES
from services.feedback.webhooks.introspection import IntrospectionClient
from services.feedback.webhooks.watch import WebhookWatch
from services.intake.channels import introspection_api, key_queries, keys
from services.intake.channels.introspection_api import Introspection
from services.intake.settings import IntakeSettings
from shared.chassis.database.pool import Pool, open_pool
from shared.chassis.http.app import web_app
from shared.chassis.work.table_gauges import TableGauges
from shared.contracts.demand.facts import ChannelKind
from shared.identity.callers import Callers
from shared.identity.person import Person
from shared.identity.staff_tokens import StaffTokens
from tests.api.inside import intake_inside
from tests.feedback.endpoints import BOX, CHANNEL, endpoint, handler, row_of
from tests.keys import KEYS
from tests.packs import shipped

URL = "https://partner.example.gov.cn/hook"


@dataclass
class Here:
    """Feedback's API in this process, and the intake that it sends requests to."""

    client: httpx.AsyncClient
    intake: Pool
    introspection: IntrospectionClient
    settings: IntakeSettings
    served_intake: Any

    async def key(self, channel: str = "web", scopes: tuple[str, ...] = ("submit", "webhooks")) -> dict[str, str]:
        return {"X-API-Key": await keys.add(self.intake, channel, ChannelKind.WEB, channel, scopes)}

    def staff(self, *roles: str, unit: str = "nh-coordinator") -> dict[str, str]:
        token, _ = StaffTokens.of(self.settings).write(Person("马", unit, frozenset(roles)))
        return {"Authorization": f"Bearer {token}"}


@pytest.fixture
async def api_client(database: str, pool: Pool) -> AsyncIterator[Here]:
    settings = IntakeSettings.model_validate(KEYS | {"DATABASE_URL": database})
    async with await open_pool(database, "intake") as intake:
        with intake_inside() as inside:
            introspection = IntrospectionClient.at("http://intake", KEYS["secret"])
        callers = Callers.of(settings, intake, shipped())
        inside.app = web_app("intake", [introspection_api.routes(Introspection(intake, callers))])
        application = web_app("feedback", [api.routes(handler(pool), OwnerReader(introspection, shipped()))])
        transport = httpx.ASGITransport(application, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://feedback") as client:
            yield Here(client, intake, introspection, settings, inside)


async def test_a_channel_makes_changes_and_removes_its_webhook(api_client: Here):
    key = await api_client.key()
    answer = await api_client.client.post("/v1/webhooks", json={"url": URL, "types": ["demand.closed.v1"]}, headers=key)
    assert answer.status_code == 201, answer.text
    webhook = answer.json()
    assert webhook["secret"].startswith("whsec_")
    assert (webhook["channel"], webhook["jurisdiction"], webhook["types"]) == ("web", None, ["demand.closed"])
    path = f"/v1/webhooks/{webhook['id']}"
    body = (await api_client.client.get(path, headers=key)).json()
    assert "secret" not in body
    changed = await api_client.client.patch(path, json={"types": None, "enabled": False}, headers=key)
    assert (changed.json()["types"], changed.json()["state"], changed.json()["url"]) == (None, "disabled", URL)
    rotated = await api_client.client.post(f"{path}/rotation", json={"hours": 1}, headers=key)
    assert rotated.json()["secret"] != webhook["secret"]
    assert rotated.json()["previous_secret_until"]
    assert [item["id"] for item in (await api_client.client.get("/v1/webhooks", headers=key)).json()["webhooks"]] == [
        webhook["id"]
    ]
    assert (await api_client.client.delete(path, headers=key)).status_code == 204
    assert (await api_client.client.get(path, headers=key)).status_code == 404


async def test_an_administrator_has_those_of_the_jurisdiction_and_nobody_else_of_the_staff(api_client: Here):
    answer = await api_client.client.post(
        "/v1/webhooks", json={"url": URL, "divisions": ["440605126000"]}, headers=api_client.staff("admin")
    )
    assert (answer.json()["jurisdiction"], answer.json()["created_by"]) == ("nanhai", "马")
    for role in ("dispatcher", "clerk", "head", "leader", "auditor"):
        refused = await api_client.client.get("/v1/webhooks", headers=api_client.staff(role))
        assert refused.status_code == 403
        assert "管理事件推送" in refused.json()["detail"]
    channel = await api_client.client.get(f"/v1/webhooks/{answer.json()['id']}", headers=await api_client.key())
    assert channel.status_code == 404


async def test_a_caller_without_the_right_is_told_what_is_missing(api_client: Here):
    without_scope = await api_client.client.get("/v1/webhooks", headers=await api_client.key(scopes=("submit",)))
    assert without_scope.status_code == 403
    assert "huying channel set web scopes=submit,webhooks" in without_scope.json()["detail_en"]
    for headers in ({}, {"X-API-Key": "hy_wrong"}, {"Authorization": "Bearer x"}):
        refused = await api_client.client.get("/v1/webhooks", headers=headers)
        assert refused.status_code == 401
        assert refused.json()["errors"][0]["detail"]
    own_token = api_client.introspection.tokens.write("service", {"service": "feedback"})
    as_service = await api_client.client.get("/v1/webhooks", headers={"Authorization": f"Bearer {own_token}"})
    assert as_service.status_code == 401, "a token of services is none of staff"


@pytest.mark.parametrize(
    ("wrong", "field"),
    [({"url": "https://10.0.0.1/"}, "url"), ({"url": URL, "types": ["demand.noted"]}, "types.0"),
     ({"url": URL, "divisions": ["110101"]}, "divisions"), ({"url": URL, "categories": ["nothing"]}, "categories"),
     ({"url": URL, "kinds": []}, "kinds"), ({"url": URL, "types": []}, "types")],
)  # fmt: skip
async def test_a_mistake_is_named_with_its_field_in_both_languages(api_client: Here, wrong: dict[str, Any], field: str):
    refused = await api_client.client.post("/v1/webhooks", json=wrong, headers=await api_client.key())
    assert refused.status_code == 422, refused.text
    error = refused.json()["errors"][0]
    assert error["field"] == field
    assert error["detail"] != error["detail_en"]


async def test_an_unknown_type_and_broken_json_are_named_so_that_they_can_be_corrected(api_client: Here):
    key = await api_client.key()
    refused = await api_client.client.post(
        "/v1/webhooks", json={"url": URL, "types": ["demand.resolvd"], "colour": 1}, headers=key
    )
    errors = {error["field"]: error for error in refused.json()["errors"]}
    assert sorted(errors) == ["colour", "types.0"], "that the list is empty without its wrong item is no mistake"
    assert errors["types.0"]["detail"].startswith("没有事件类型 demand.resolvd，可用：demand.")
    assert "correct its spelling" in errors["colour"]["detail_en"]
    headers = key | {"Content-Type": "application/json"}
    unreadable = (await api_client.client.post("/v1/webhooks", content='{"url": }', headers=headers)).json()
    assert "第 9 个字符" in unreadable["detail"]
    assert "at character 9: Expecting value" in unreadable["detail_en"]


async def test_only_services_may_ask_who_owns_a_credential(api_client: Here):
    credential = {"api_key": (await api_client.key())["X-API-Key"]}
    transport = httpx.ASGITransport(api_client.served_intake.app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://intake") as client:
        for path, body in (("/v1/introspection", credential), ("/v1/introspection/channels", {"channels": ["web"]})):
            refused = await client.post(path, json=body, headers=api_client.staff("admin"))
            assert refused.status_code == 403
            assert (await client.post(path, json=body)).status_code == 401


async def test_while_intake_is_away_every_request_is_answered_with_retry_later(api_client: Here):
    key = await api_client.key()
    api_client.served_intake.app = web_app("another", [])
    refused = await api_client.client.get("/v1/webhooks", headers=key)
    assert (refused.status_code, refused.headers["Retry-After"]) == (503, "5")


async def test_the_log_is_read_in_pages_and_filtered_by_state(api_client: Here):
    key = await api_client.key()
    id = (await api_client.client.post("/v1/webhooks", json={"url": URL}, headers=key)).json()["id"]
    path = f"/v1/webhooks/{id}"
    events = [(await api_client.client.post(f"{path}/test", headers=key)).json()["event"] for _ in range(3)]
    first = await api_client.client.get(f"{path}/deliveries", params={"limit": 2}, headers=key)
    assert [item["event"] for item in first.json()["deliveries"]] == events[:0:-1]
    rest = await api_client.client.get(f"{path}/deliveries", params={"after": first.json()["next"]}, headers=key)
    assert [item["event"] for item in rest.json()["deliveries"]] == events[:1]
    assert "next" not in rest.json()
    failed = await api_client.client.get(f"{path}/deliveries", params={"state": "failed"}, headers=key)
    assert failed.json()["deliveries"] == []
    nonsense = await api_client.client.get(f"{path}/deliveries", params={"after": "xx"}, headers=key)
    assert nonsense.json()["errors"][0]["field"] == "after"


async def test_the_webhook_of_a_revoked_channel_gets_no_more_events(api_client: Here, pool: Pool):
    ids = {}
    for channel in ("web", "other", "without"):
        answer = await api_client.client.post("/v1/webhooks", json={"url": URL}, headers=await api_client.key(channel))
        ids[channel] = answer.json()["id"]
    await keys.revoke(api_client.intake, "web")
    async with api_client.intake.acquire() as db:
        await key_queries.put_scopes(db, "without", ["submit"])
    watch = WebhookWatch(pool, BOX, api_client.introspection)
    await watch.look()
    rows = {str(row["id"]): row["disabled_for"] for row in await pool.fetch("SELECT id, disabled_for FROM webhook")}
    assert {channel: rows[id] for channel, id in ids.items()} == {
        "web": "revoked", "other": None, "without": "revoked"
    }  # fmt: skip
    await TableGauges("feedback", pool, GAUGES).look()
    assert REGISTRY.get_sample_value("huying_webhooks", {"state": "disabled"}) == 2


async def test_secrets_are_encrypted_again_when_their_key_was_changed(api_client: Here, pool: Pool):
    async with endpoint() as hook:
        created = await handler(pool).create(CreateWebhook(url=hook.url), CHANNEL)
    changed_box = BOX.of("t" * 40, "s" * 40)
    await WebhookWatch(pool, changed_box, api_client.introspection).look()
    assert BOX.of("t" * 40).open(created.id, (await row_of(pool, created.id)).secret) == created.secret
