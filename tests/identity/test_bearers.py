"""Access tokens of an issuer: which are accepted, and how often its keys are fetched."""

import base64
import json
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

from services.intake import app as intake
from services.intake.settings import IntakeSettings
from services.routing import app as routing
from services.routing.settings import RoutingSettings
from shared.chassis.base.clock import now
from shared.chassis.database.pool import Pool, open_pool
from shared.chassis.http.app import web_app
from shared.contracts.refusals import Code, Refused
from shared.identity import revocations
from shared.identity.oidc.claims import ClaimNames
from shared.identity.oidc.keys import COOL_DOWN, FRESH, OLDEST, IssuerKeys, issuer_client
from shared.identity.oidc.tokens import IssuerTokens
from shared.identity.person import Person
from shared.identity.settings import StaffSettings
from shared.identity.staff import IssuerBearers, StaffBearers
from shared.identity.staff_tokens import StaffTokens
from tests.identity.conftest import Issuer
from tests.keys import KEYS
from tests.packs import shipped

AUDIENCE = "huying-api"
CHEN: dict[str, Any] = {"aud": AUDIENCE, "name": "陈晓岚", "unit": "nh-tax", "roles": ["clerk"]}
SETTINGS = StaffSettings.model_validate(KEYS | {"DATABASE_URL": "postgresql://nowhere"})
NAMES = ClaimNames.of(SETTINGS)


@dataclass(slots=True)
class Door:
    """Our token reader, with a clock that the test moves and a count of key requests."""

    pool: Pool
    issuer: Issuer
    names: ClaimNames = NAMES
    at: float = 1000.0
    fetched: list[str] = field(default_factory=list)
    away: bool = False
    bearers: StaffBearers = field(init=False)

    def __post_init__(self) -> None:
        client = issuer_client()
        client.event_hooks = {"request": [self._noticed]}
        keys = IssuerKeys(self.issuer.url, client, clock=lambda: self.at)
        issuer_bearers = IssuerBearers(IssuerTokens(keys), AUDIENCE, self.names, shipped())
        self.bearers = StaffBearers(self.pool, StaffTokens.of(SETTINGS), issuer_bearers)

    async def _noticed(self, request: httpx.Request) -> None:
        if request.url.path == "/jwks":
            self.fetched.append(str(request.url))
        if self.away:
            raise httpx.ConnectError("the issuer is away")

    async def reads(self, token: str) -> Person:
        return await self.bearers.read(token)

    async def refuses(self, token: str) -> Refused:
        with pytest.raises(Refused) as refused:
            await self.reads(token)
        assert refused.value.zh
        return refused.value


@pytest.fixture
async def token_reader(database: str, issuer: Issuer) -> AsyncIterator[Door]:
    async with await open_pool(database, "routing") as pool:
        yield Door(pool, issuer)


async def test_a_token_of_the_issuer_names_a_person_with_unit_and_roles(token_reader: Door):
    token = await token_reader.issuer.mint(**CHEN | {"roles": ["head", "personal-data", "offline_access"]})
    assert await token_reader.reads(token) == Person("陈晓岚", "nh-tax", frozenset({"head", "personal-data"}))


async def test_our_own_tokens_are_accepted_beside_the_issuers(token_reader: Door):
    token, _ = token_reader.bearers.own.write(Person("王", "nh-tax"))
    assert await token_reader.reads(token) == Person("王", "nh-tax")
    assert token_reader.fetched == []


@pytest.mark.parametrize("alg", ["RS256", "ES256", "PS256"])
async def test_an_allowed_algorithm_is_accepted(token_reader: Door, alg: str):
    await token_reader.issuer.generate(alg)
    assert (await token_reader.reads(await token_reader.issuer.mint(**CHEN))).unit == "nh-tax"


@pytest.mark.parametrize("alg", ["RS512", "ES384", "EdDSA"])
async def test_another_algorithm_is_refused_without_fetching_keys(token_reader: Door, alg: str):
    await token_reader.issuer.generate(alg)
    refused = await token_reader.refuses(await token_reader.issuer.mint(**CHEN))
    assert (refused.code, "RS256" in refused.en, token_reader.fetched) == (Code.UNAUTHENTICATED, True, [])


def unsigned(head: dict[str, Any], claims: dict[str, Any]) -> str:
    parts = (base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in (head, claims))
    return f"{'.'.join(parts)}."


async def test_a_token_without_a_signature_or_with_a_public_key_as_secret_is_refused(token_reader: Door):
    claims = CHEN | {"iss": token_reader.issuer.url, "exp": int(time.time()) + 600}
    for alg in ("none", "None", "NONE", "", 5, None, ["RS256"]):
        assert (
            await token_reader.refuses(unsigned({"alg": alg, "kid": token_reader.issuer.kid}, claims))
        ).code is Code.UNAUTHENTICATED
    public = await httpx.AsyncClient(trust_env=False).get(f"{token_reader.issuer.url}/jwks")
    secret = OctKey.import_key(public.text)
    forged = jwt.encode({"alg": "HS256", "kid": token_reader.issuer.kid}, claims, secret)
    assert (await token_reader.refuses(forged)).code is Code.UNAUTHENTICATED
    own = RSAKey.generate_key(2048)
    stolen = jwt.encode(
        {"alg": "RS256", "kid": token_reader.issuer.kid, "jwk": own.as_dict(private=False)}, claims, own
    )
    assert "changed" in (await token_reader.refuses(stolen)).en


async def test_a_token_that_was_changed_is_refused(token_reader: Door):
    head, _, signature = (await token_reader.issuer.mint(**CHEN)).split(".")
    claims = unsigned({}, CHEN | {"unit": "nh-police", "iss": token_reader.issuer.url, "exp": 9_999_999_999}).split(
        "."
    )[1]
    assert "changed" in (await token_reader.refuses(f"{head}.{claims}.{signature}")).en


@pytest.mark.parametrize(
    ("claims", "claim"),
    [
        ({"iss": "https://another.example"}, "iss"),
        ({"iss": None}, "iss"),
        ({"aud": "another-api"}, "aud"),
        ({"aud": ["another", "third"]}, "aud"),
        ({"aud": None}, "aud"),
        ({"exp": None}, "exp"),
        ({"exp": "never"}, "exp"),
        ({"nbf": 4_000_000_000}, "nbf"),
    ],
    ids=str,
)
async def test_a_token_with_another_issuer_audience_or_time_is_refused(
    token_reader: Door, claims: dict[str, Any], claim: str
):
    refused = await token_reader.refuses(await token_reader.issuer.mint(**CHEN | claims))
    assert (refused.code, claim in refused.en) == (Code.UNAUTHENTICATED, True), refused.en


async def test_clocks_may_differ_by_half_a_minute(token_reader: Door):
    ended, early = int(time.time()) - 2, int(time.time()) + 20
    assert await token_reader.reads(await token_reader.issuer.mint(**CHEN | {"exp": ended, "nbf": early, "iat": early}))
    longer_ago = await token_reader.issuer.mint(**CHEN | {"exp": int(time.time()) - 40})
    assert "expired" in (await token_reader.refuses(longer_ago)).en


async def test_one_of_several_audiences_may_be_ours(token_reader: Door):
    assert await token_reader.reads(await token_reader.issuer.mint(**CHEN | {"aud": ["another", AUDIENCE]}))


@pytest.mark.parametrize(
    ("claims", "claim"),
    [
        ({"unit": "no-such-unit"}, "no-such-unit"),
        ({"unit": None}, "'unit'"),
        ({"unit": ["nh-tax", "nh-police"]}, "names 2"),
        ({"unit": {"id": "nh-tax"}}, "'unit'"),
        ({"roles": ["observer"]}, "'roles'"),
        ({"roles": []}, "'roles'"),
        ({"roles": ["personal-data"]}, "'roles'"),
        ({"roles": 5}, "'roles'"),
        ({"name": ""}, "'name'"),
        ({"name": "\u0000"}, "'name'"),
        ({"name": "x" * 101}, "'name'"),
        ({"name": ["陈"]}, "'name'"),
    ],
    ids=str,
)
async def test_a_person_without_a_known_unit_is_refused_with_a_reason(
    token_reader: Door, claims: dict[str, Any], claim: str
):
    refused = await token_reader.refuses(await token_reader.issuer.mint(**CHEN | claims))
    assert (refused.code, claim in refused.en) == (Code.FORBIDDEN, True), refused.en


async def test_claims_are_found_by_their_names_and_roles_are_translated(token_reader: Door):
    token_reader.names = ClaimNames(
        "huying.unit", "realm_access.roles", "https://a.example/name", {"town-chief": "head"}
    )
    token_reader.__post_init__()
    claims = {
        "aud": AUDIENCE,
        "huying": {"unit": "nh-tax"},
        "realm_access": {"roles": ["town-chief", "admin"]},
        "https://a.example/name": "陈",
    }
    assert await token_reader.reads(await token_reader.issuer.mint(**claims)) == Person(
        "陈", "nh-tax", frozenset({"head"})
    )


async def test_a_new_key_is_fetched_once_and_the_previous_one_stays_valid(token_reader: Door):
    first = await token_reader.issuer.mint(**CHEN)
    assert await token_reader.reads(first)
    assert len(token_reader.fetched) == 1
    token_reader.at += COOL_DOWN
    await token_reader.issuer.generate()
    assert await token_reader.reads(await token_reader.issuer.mint(**CHEN))
    assert await token_reader.reads(first)
    assert len(token_reader.fetched) == 2


async def test_invented_key_ids_cause_only_as_many_requests_as_the_cool_down_allows(token_reader: Door):
    valid_token = await token_reader.issuer.mint(**CHEN)
    assert await token_reader.reads(valid_token)
    claims = CHEN | {"iss": token_reader.issuer.url, "exp": int(time.time()) + 600}
    other_key = RSAKey.generate_key(2048)
    for n in range(20):
        refused = await token_reader.refuses(jwt.encode({"alg": "RS256", "kid": f"made up {n}"}, claims, other_key))
        assert refused.code is Code.UNAUTHENTICATED
        token_reader.at += COOL_DOWN / 10
    assert len(token_reader.fetched) == 2, "once at first, and once after the cool-down"
    assert await token_reader.reads(valid_token)


async def test_a_withdrawn_key_ends_within_minutes(token_reader: Door):
    token = await token_reader.issuer.mint(**CHEN)
    assert await token_reader.reads(token)
    old_key = token_reader.issuer.kid
    await token_reader.issuer.generate()
    await token_reader.issuer.ask("withdraw", kid=old_key)
    token_reader.at += FRESH - 1
    assert await token_reader.reads(token), "believed for as long as the keys are fresh"
    token_reader.at += 2
    assert "does not publish" in (await token_reader.refuses(token)).en


async def test_keys_of_an_unreachable_issuer_stay_valid_for_an_hour_with_few_requests(token_reader: Door):
    token = await token_reader.issuer.mint(**CHEN)
    assert await token_reader.reads(token)
    token_reader.away = True
    token_reader.at += FRESH + 1
    for _ in range(5):
        assert await token_reader.reads(token)
    token_reader.at += OLDEST
    refused = await token_reader.refuses(token)
    assert refused.code is Code.UNAVAILABLE
    token_reader.away = False
    assert (await token_reader.refuses(token)).code is Code.UNAVAILABLE, "the cool-down is not over"
    token_reader.at += COOL_DOWN
    assert await token_reader.reads(token)


async def test_an_issuer_with_another_name_in_its_metadata_is_refused(token_reader: Door):
    keys = IssuerKeys(token_reader.issuer.url.replace("localhost", "127.0.0.1"))
    with pytest.raises(Refused) as refused:
        await keys.find(token_reader.issuer.kid, "RS256")
    assert refused.value.code is Code.UNAVAILABLE


async def test_tokens_of_a_person_at_the_issuer_are_revoked_like_our_own(token_reader: Door):
    old_key = await token_reader.issuer.mint(**CHEN | {"iat": int(time.time()) - 60})
    dateless = await token_reader.issuer.mint(**CHEN | {"iat": None})
    assert await token_reader.reads(old_key)
    async with token_reader.pool.acquire() as db:
        await revocations.revoke_bearers(db, "nh-tax", "陈晓岚", now() - timedelta(seconds=30))
    for token in (old_key, dateless):
        assert "revoked" in (await token_reader.refuses(token)).en
    assert await token_reader.reads(await token_reader.issuer.mint(**CHEN))


async def test_a_deployment_without_an_issuer_accepts_no_issuer_tokens(token_reader: Door):
    token_reader.bearers = replace(token_reader.bearers, issuer=None)
    assert "huying staff token" in (await token_reader.refuses(await token_reader.issuer.mint(**CHEN))).en


@pytest.mark.parametrize("service", ["routing", "intake"])
async def test_every_api_that_accepts_staff_tokens_accepts_those_of_the_issuer(
    database: str, issuer: Issuer, service: str
):
    settings = KEYS | {"DATABASE_URL": database, "oidc_issuer": issuer.url, "oidc_audience": AUDIENCE}
    async with await open_pool(database, service) as pool:
        if service == "routing":
            api, path = routing.api(RoutingSettings.model_validate(settings), pool), "/v1/cases/NH21-001335-9/contact"
        else:
            api, path = intake.api(IntakeSettings.model_validate(settings), pool), "/v1/demands/NH21-001335-9/contact"
        transport = httpx.ASGITransport(web_app(service, api.routers))
        async with httpx.AsyncClient(transport=transport, base_url="http://here") as client:
            statuses = []
            for claims in (CHEN, CHEN | {"aud": "another"}, CHEN | {"unit": "no-such"}):
                headers = {"Authorization": f"Bearer {await issuer.mint(**claims)}", "Idempotency-Key": "k"}
                body = {"why": "回访核实情况", "fields": ["phone"]} if service == "intake" else {}
                statuses.append((await client.post(path, headers=headers, json=body)).status_code)
    assert statuses == [404, 401, 403]
