"""Access rights: every route to a demand is tried by every kind of caller."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx
import pytest

from services.intake.channels import keys as channels
from services.intake.tracking.view import seen
from shared.chassis.base.tokens import Tokens
from shared.chassis.database.pool import Pool
from shared.contracts.demand import facts as f
from shared.contracts.demand.facts import ChannelKind
from shared.jurisdiction.publication import PublicationRules, PublicPart
from tests import story
from tests.intake.conftest import settings
from tests.intake.test_api import GOOD
from tests.intake.test_attachments import client_of, picture
from tests.packs import shipped

ALL, PUBLIC, NO, NOBODY = "all", "public", "no", "who are you"
"""The whole demand, its public part, "not found", or "no key"."""


@dataclass(frozen=True, slots=True)
class Scene:
    """A demand of one channel with a sighting by another, and the headers of each caller."""

    client: httpx.AsyncClient
    number: str
    code: str
    attachment: str
    callers: Mapping[str, Mapping[str, str]]

    async def ask(self, method: str, path: str, caller: str, **body: object) -> httpx.Response:
        headers = {"Idempotency-Key": f"{caller}{path}"} | dict(self.callers[caller])
        return await self.client.request(method, path.format(number=self.number), headers=headers, **body)  # type: ignore[arg-type]


Door = Callable[[Scene, str], Awaitable[httpx.Response]]


def voice(what: str, body: Mapping[str, str]) -> Door:
    return lambda scene, caller: scene.ask("POST", f"/v1/demands/{{number}}/{what}", caller, json=body)


async def sight(scene: Scene, caller: str) -> httpx.Response:
    return await scene.ask("POST", "/v1/demands/{number}/sightings", caller, json={"external_id": f"seen by {caller}"})


async def update(scene: Scene, caller: str) -> httpx.Response:
    form = {
        "jurisdiction_id": "nanhai", "service_request_id": scene.number, "update_id": caller, "status": "OPEN",
        "updated_datetime": "2021-05-10T10:00:00Z", "description": "又坏了",
        "api_key": scene.callers[caller].get("X-API-Key", ""),
    }  # fmt: skip
    return await scene.client.post("/open311/v2/servicerequestupdates.json", data=form)


DOORS: Final[Mapping[str, Door]] = {
    "follow": lambda scene, caller: scene.ask("GET", "/v1/demands/{number}", caller),
    "list": lambda scene, caller: scene.ask("GET", "/v1/demands", caller),
    "list by reference": lambda scene, caller: scene.ask("GET", "/v1/demands?external_id=ref-1", caller),
    "similar": lambda scene, caller: scene.ask("GET", "/v1/demands/{number}/similar", caller),
    "supplement": voice("supplements", {"text": "早上七点最挤"}),
    "urge": voice("urges", {}),
    "withdraw": voice("withdrawal", {}),
    "rate": voice("verdict", {"solved": False}),
    "support": voice("supports", {}),
    "sight": sight,
    "update of Open311": update,
    "attachment": lambda scene, caller: scene.ask("GET", f"/v1/attachments/{scene.attachment}", caller),
    "reveal": lambda scene, caller: scene.ask(
        "POST", "/v1/demands/{number}/contact", caller, json={"why": "回访核实", "fields": ["phone"]}
    ),
    "erase": lambda scene, caller: scene.ask(
        "POST", "/v1/demands/{number}/contact/erasure", caller, json={"why": "本人要求删除"}
    ),
}
CALLERS: Final = ("own", "sighter", "other", "reader", "own with code", "other with code", "code", "nobody", "staff")
# fmt: off
PLAIN: Final[Mapping[str, tuple[str, ...]]] = {
    #                     own     sighter  other    reader  own+code other+code code    nobody  staff
    "follow":            (ALL,    PUBLIC,  NO,      ALL,    ALL,     ALL,       ALL,    NOBODY, NOBODY),
    "list":              (ALL,    PUBLIC,  NO,      NO,     ALL,     NO,        NOBODY, NOBODY, NOBODY),
    "list by reference": (ALL,    PUBLIC,  NO,      NO,     ALL,     NO,        NOBODY, NOBODY, NOBODY),
    "similar":           (ALL,    NO,      NO,      ALL,    ALL,     NO,        NOBODY, NOBODY, NOBODY),
    "supplement":        (ALL,    NO,      NO,      NO,     ALL,     ALL,       NOBODY, NOBODY, NOBODY),
    "urge":              (ALL,    NO,      NO,      NO,     ALL,     ALL,       NOBODY, NOBODY, NOBODY),
    "withdraw":          (ALL,    NO,      NO,      NO,     ALL,     ALL,       NOBODY, NOBODY, NOBODY),
    "rate":              (ALL,    NO,      NO,      NO,     ALL,     ALL,       NOBODY, NOBODY, NOBODY),
    "support":           (ALL,    ALL,     ALL,     ALL,    ALL,     ALL,       NOBODY, NOBODY, NOBODY),
    "sight":             (ALL,    ALL,     ALL,     ALL,    ALL,     ALL,       NOBODY, NOBODY, NOBODY),
    "update of Open311": (ALL,    NO,      NO,      NO,     ALL,     NO,        NOBODY, NOBODY, NOBODY),
    "attachment":        (ALL,    NO,      NO,      ALL,    ALL,     NO,        NOBODY, NOBODY, ALL),
    "reveal":            (NOBODY, NOBODY,  NOBODY,  NOBODY, NOBODY,  NOBODY,    NOBODY, NOBODY, ALL),
    "erase":             (NOBODY, NOBODY,  NOBODY,  NOBODY, NOBODY,  NOBODY,    NOBODY, NOBODY, ALL),
}
REPORT: Final = dict(PLAIN) | {
    "support":           (ALL,    NO,      NO,      NO,     ALL,     ALL,       NOBODY, NOBODY, NOBODY),
    "sight":             (ALL,    NO,      NO,      NO,     ALL,     ALL,       NOBODY, NOBODY, NOBODY),
}
# fmt: on


@pytest.fixture
async def client(database: str, pool: Pool, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the channel that submits the demand; attachments are stored."""
    new_settings = settings(database).model_copy(update={"attachments_folder": tmp_path / "attachments"})
    async with await client_of(pool, new_settings, "web") as opened:
        yield opened


async def scene(client: httpx.AsyncClient, pool: Pool, database: str, kind: str) -> Scene:
    keys = {"own": str(client.headers.pop("X-API-Key"))}
    for name, scopes in {"sighter": ("submit",), "other": ("submit",), "reader": ("submit", "read-all")}.items():
        keys[name] = await channels.add(pool, name, ChannelKind.PARTNER, name, scopes)
    headers = {"X-API-Key": keys["own"]}
    uploaded = await client.post("/v1/attachments", files={"file": picture("JPEG")}, headers=headers)
    demand = GOOD | {
        "kind": kind, "external_id": "ref-1", "attachments": [uploaded.json()["reference"]],
        "contact": {"phone": "13800138000"},
    }  # fmt: skip
    taken = (await client.post("/v1/demands", json=demand, headers=headers | {"Idempotency-Key": "k"})).json()
    # The code gives access to a confidential report only for this one sighting.
    answer = await client.post(
        f"/v1/demands/{taken['number']}/sightings",
        json={"external_id": "ref-1"},
        headers={"X-API-Key": keys["sighter"], "X-Demand-Code": taken["code"]},
    )
    assert answer.status_code == 201, answer.text
    code = {"X-Demand-Code": taken["code"]}
    claims = {"name": "陈", "unit": next(iter(shipped())).coordinator, "roles": ["personal-data"]}
    staff = {"Authorization": f"Bearer {Tokens(settings(database).secret).write('staff', claims)}"}
    callers = {name: {"X-API-Key": key} for name, key in keys.items()} | {
        "own with code": headers | code, "other with code": {"X-API-Key": keys["other"]} | code,
        "code": code, "nobody": {}, "staff": staff,
    }  # fmt: skip
    return Scene(client, taken["number"], taken["code"], uploaded.json()["reference"], callers)


def opened(scene: Scene, answer: httpx.Response) -> str:
    """What the response lets the caller see or do."""
    request = answer.request
    match answer.status_code:
        case 401:
            return NOBODY
        case 403:
            # GeoReport's response to a wrong key, and to a request of somebody else.
            return NOBODY if request.content.endswith(b"api_key=") else NO
        case 404:
            return NO
        case 200 | 201 | 202 if request.url.path == "/v1/demands" and scene.number not in answer.text:
            return NO
        case 409 if request.url.path.endswith("/verdict"):
            # There is no answer yet; a caller without the right must not learn that.
            return ALL
        case 200 | 201 | 202:
            return PUBLIC if '"title":""' in answer.text else ALL
        case other:
            raise AssertionError((other, answer.text))


@pytest.mark.parametrize(("kind", "table"), [("help", PLAIN), ("report", REPORT)])
async def test_each_route_is_open_only_to_permitted_callers(
    client: httpx.AsyncClient, pool: Pool, database: str, kind: str, table: Mapping[str, tuple[str, ...]]
):
    access_scene = await scene(client, pool, database, kind)
    for name, route in DOORS.items():
        results = {caller: opened(access_scene, await route(access_scene, caller)) for caller in CALLERS}
        assert results == dict(zip(CALLERS, table[name], strict=True)), name


def test_the_table_has_every_route():
    assert set(PLAIN) == set(REPORT) == set(DOORS)


@pytest.mark.parametrize("kind", ["help", "report"])
async def test_a_channel_with_a_sighting_sees_no_text_of_the_demand(
    client: httpx.AsyncClient, pool: Pool, database: str, kind: str
):
    access_scene = await scene(client, pool, database, kind)
    await access_scene.ask("POST", "/v1/demands/{number}/supplements", "own", json={"text": "早上七点最挤"})
    for path in ("/v1/demands/{number}", "/v1/demands"):
        answer = await access_scene.ask("GET", path, "sighter")
        content = answer.json() if path.endswith("}") else answer.json()["demands"][0]
        assert (content["number"], content["title"], content["unit"]) == (access_scene.number, "", None)
        assert not any(content.get(field) for field in ("text", "spoken", "answer", "returns", "remarks", "supports"))
        if kind == "report":
            assert (content["status"], content["category"], content["division"]) == ("submitted", None, "")


def test_the_pack_decides_what_the_public_sees():
    words = PublicationRules(unreleased=(PublicPart.WORDS, PublicPart.UNIT), source="a test")
    report = story.SUBMISSION.model_copy(update={"kind": f.RequestKind.REPORT})
    routed = seen(story.demand(*story.ROUTED), words)
    assert (routed.title, routed.unit, routed.division, routed.category) == ("路面破损", "roads", "", None)
    shown_fields = seen(story.demand(report, *story.CLOSED[1:]), words)
    assert (
        shown_fields.title,
        shown_fields.unit,
        shown_fields.status,
        shown_fields.outcome,
        shown_fields.resolved_at,
    ) == ("", None, "closed", None, None)


async def test_an_invented_sighting_gives_no_access(client: httpx.AsyncClient, pool: Pool, database: str):
    access_scene = await scene(client, pool, database, "help")
    assert (await sight(access_scene, "other")).status_code == 201
    for route in ("supplement", "urge", "withdraw", "update of Open311", "similar", "attachment"):
        assert opened(access_scene, await DOORS[route](access_scene, "other")) == NO, route
    assert opened(access_scene, await DOORS["follow"](access_scene, "other")) == PUBLIC


async def test_the_reference_of_a_sighting_gives_neither_code_nor_access(
    client: httpx.AsyncClient, pool: Pool, database: str
):
    access_scene = await scene(client, pool, database, "help")
    again = await access_scene.ask("POST", "/v1/demands", "sighter", json=GOOD | {"external_id": "ref-1"})
    assert (again.json()["number"], again.json()["code"]) == (access_scene.number, "")
    end = {"at": "2021-05-11T10:00:00Z", "type": "demand.withdrawn", "data": {"reason": "x"}}
    recorded = GOOD | {"external_id": "ref-1", "occurred_at": "2021-05-10T10:00:00Z", "channel_kind": "hotline"}
    importer = await channels.add(pool, "sighter", ChannelKind.PARTNER, "sighter", ("submit", "import"))
    for history in ([], [end]):
        demands = [recorded | {"via": "12345", "history": history}]
        answer = await client.post("/v1/imports", json={"demands": demands}, headers={"X-API-Key": importer})
        (row,) = answer.json()["rows"]
        assert (row["created"], row["number"], row["steps"]) == (False, access_scene.number, 0)
    followed = await client.get(f"/v1/demands/{access_scene.number}", headers={"X-API-Key": importer})
    assert (followed.json()["title"], followed.json()["status"]) == ("", "submitted")
