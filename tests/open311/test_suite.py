"""The conformance suite: our server keeps every rule, and a server that breaks one is found out by that rule."""

import asyncio
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime

import httpx
import pytest
from typer.testing import CliRunner

from deploy.cli.main import app as huying
from deploy.local.ports import free_port
from deploy.open311.answers import Unreadable
from deploy.open311.rules import RULES
from deploy.open311.server import Manner, TestedServer
from deploy.open311.suite import CheckOutcome, CheckResult, examine, verdict
from services.intake.open311.documents import Discovery, Endpoint
from services.intake.open311.rendering import Format, render
from tests.open311.conftest import Ours, Spoil, client

URL = "https://city.example/open311/v2"
ERROR = b"<errors><error><code>404</code><description>no</description></error></errors>"


async def examined(ours: Ours, spoil: Spoil, rule: str, url: str = URL) -> CheckResult:
    async with client(ours.app, spoil) as asking:
        server = await TestedServer.reach(asking, url, Manner(ours.key, "nanhai", writes=True), datetime.now(UTC))
        return await verdict(next(one for one in RULES if one.id == rule), server)


def rewritten(pattern: bytes, by: bytes, at: str = "") -> Spoil:
    """Every answer (at paths that end so) with other bytes in it."""

    def spoil(request: httpx.Request, answer: httpx.Response) -> httpx.Response:
        body = re.sub(pattern, by, answer.content, flags=re.DOTALL) if request.url.path.endswith(at) else answer.content
        kept = {"content-type": answer.headers["content-type"]}
        return httpx.Response(answer.status_code, headers=kept, content=body)

    return spoil


def instead(status: int, body: bytes, when: Callable[[httpx.Request, httpx.Response], bool]) -> Spoil:
    """Another answer to some questions."""
    return lambda request, answer: httpx.Response(status, content=body) if when(request, answer) else answer


def requiring(spoil: Spoil) -> Spoil:
    """The same of a server whose services ask for something: ours need no attribute."""
    required = rewritten(b"<required>false", b"<required>true")
    return lambda request, answer: spoil(request, required(request, answer))


def typed(content_type: str) -> Spoil:
    return lambda request, answer: httpx.Response(
        answer.status_code, headers={"content-type": content_type}, content=answer.content
    )


def asks(word: str, at: str = "") -> Callable[[httpx.Request, httpx.Response], bool]:
    return lambda request, answer: word in str(request.url) and request.url.path.endswith(at)


def is_post(request: httpx.Request, answer: httpx.Response) -> bool:
    return request.method == "POST"


EMPTY = b"<service_requests/>"
REQUESTS = "/requests.xml"
BROKEN: list[tuple[str, str, Spoil]] = [
    ("O-01", "has no discovery in JSON", instead(404, ERROR, asks("discovery.json"))),
    ("O-01", "announces a JSON that it has not", instead(404, ERROR, asks("services.json"))),
    ("O-01", "lists other things than services", rewritten(b"services>", b"things>")),
    ("O-02", "obeys Accept", instead(200, b"[]", lambda request, _: request.headers["accept"] == "application/json")),
    ("O-03", "says application/xml", typed("application/xml; charset=utf-8")),
    ("O-03", "says no charset", typed("text/xml")),
    ("O-03", "has no declaration", rewritten(rb"<\?xml.*?\?>", b"")),
    ("O-04", "has a namespace", rewritten(b"<services>", b'<services xmlns="http://wiki.open311.org">')),
    ("O-04", "has a tag of its own", rewritten(b"address_id", b"postcode")),
    ("O-05", "wraps its JSON", rewritten(rb"^\[(.*)\]$", rb'{"services":[\1]}', ".json")),
    ("O-05", "sends ids as numbers", rewritten(rb'"service_request_id":"[^"]*"', rb'"service_request_id":7')),
    ("O-05", "sends empty strings", rewritten(rb'"address":"[^"]*"', b'"address":""')),
    ("O-05", "wraps a definition", rewritten(rb"^(\{.*\})$", rb"[\1]", ".json")),
    ("O-05", "sends JSON that is none", rewritten(rb'"service_code":"[^"]*"', rb'"service_code":001')),
    ("O-06", "sends a local time", rewritten(b"Z</requested", b"</requested")),
    ("O-06", "sends a date alone", rewritten(rb"T[0-9:]*Z</updated", b"</updated")),
    ("O-07", "minds an empty status", instead(400, ERROR, asks("service_code=&"))),
    ("O-07", "finds nothing for an empty argument", instead(200, EMPTY, asks("service_code=&"))),
    ("O-08", "lists the last century", rewritten(rb"(requested_datetime>)20..", rb"\g<1>1999")),
    ("O-08", "lists everything", rewritten(rb"(<request>.*?</request>).*(</)", rb"\1" * 1001 + rb"\2", REQUESTS)),
    ("O-09", "lists a longer span", instead(200, EMPTY, asks("start_date", REQUESTS))),
    ("O-09", "refuses ninety days", instead(400, ERROR, asks("start_date", REQUESTS))),
    ("O-10", "sends problem documents", rewritten(rb".*<errors>.*", b'{"type": "about:blank"}')),
    ("O-10", "wraps its errors in JSON", rewritten(rb'^(\[\{"code".*)$', rb'{"errors":\1}')),
    ("O-10", "sends errors without a description", rewritten(rb"<description>.*?</description>", b"")),
    ("O-10", "answers nonsense with a list", instead(200, EMPTY, asks("yesterday"))),
    ("O-11", "says 400 for an unknown service", instead(400, ERROR, asks("services/no-such"))),
    ("O-11", "says 500 for an unknown token", instead(500, ERROR, asks("tokens/"))),
    ("O-11", "says 404 for nonsense", instead(404, ERROR, asks("yesterday"))),
    ("O-11", "says 401 without a key", instead(401, ERROR, lambda _, answer: answer.status_code == 403)),
    ("O-12", "says 404 for no jurisdiction", instead(404, ERROR, lambda request, _: not request.url.query)),
    ("O-12", "says 400 for an unknown jurisdiction", instead(400, ERROR, asks("jurisdiction_id=no-such"))),
    ("O-13", "gives a number and a token", rewritten(b"<service_notice>", b"<token>7</token><service_notice>")),
    ("O-13", "gives neither", rewritten(rb"<service_request_id>[^<]*</service_request_id>", b"")),
    ("O-15", "filters what was named", instead(200, EMPTY, asks("1990-01-01"))),
    ("O-15", "minds the span of what was named", instead(400, ERROR, asks("1990-01-01"))),
    ("O-16", "takes what lacks an answer", requiring(instead(201, EMPTY, is_post))),
    ("O-16", "does not say what is missing", requiring(instead(400, ERROR, is_post))),
    ("O-17", "says 400 for an unknown request", instead(400, ERROR, asks("requests/no-such"))),
    ("O-17", "sends one request without a list", rewritten(b"</?service_requests>", b"")),
    ("O-18", "says Open", rewritten(b"<status>open<", b"<status>Open<")),
    ("O-18", "says Open in JSON alone", rewritten(b'"status":"open"', b'"status":"Open"')),
    ("O-18", "has more than two statuses", rewritten(b">open<", b">in_progress<")),
    ("O-18", "leaves the status out", rewritten(b'"status":"open",', b"")),
    ("O-18", "leaves the status empty", rewritten(b"<status>open</status>", b"<status/>")),
    ("O-18", "has no id", rewritten(b"<service_request_id>[^<]*</service_request_id>", b"")),
    ("O-19", "has a type of its own", rewritten(b">realtime<", b">instant<")),
    ("O-19", "has a type of its own in JSON alone", rewritten(b'"type":"realtime"', b'"type":"Realtime"')),
    ("O-19", "has no type", rewritten(b"<type>realtime</type>", b"")),
    ("O-19", "has no name", rewritten(b"<service_name>[^<]*</service_name>", b"")),
    ("O-19", "sends metadata as text", rewritten(b'"metadata":true', b'"metadata":"true"')),
    ("O-20", "has a null service_code", rewritten(rb'"service_code":"[^"]*"', b'"service_code":null', "requests.json")),
    ("O-20", "has an empty service_code", rewritten(b"<service_code>[^<]*</", b"<service_code></", REQUESTS)),
    ("O-20", "says null of an address", rewritten(rb'"address":"[^"]*"', b'"address":null', "requests.json")),
    ("O-20", "says null of keywords", rewritten(rb'"keywords":"[^"]*"', b'"keywords":null', "services.json")),
    ("O-21", "has a type of endpoint of its own", rewritten(b"<type>test<", b"<type>staging<")),
    ("O-21", "does not say which type", rewritten(b'"type":"test",', b"", "discovery.json")),
    ("O-21", "has no key_service", rewritten(b"<key_service>[^<]*</key_service>", b"")),
    ("O-21", "has no formats", rewritten(b"<formats>.*?</formats>", b"<formats/>")),
    ("O-21", "has no endpoint", rewritten(rb'"endpoints":\[.*\]', b'"endpoints":[]')),
    ("O-17", "sends one object", rewritten(rb"^\[(\{[^\]]*\})\]$", rb"\1")),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "fault", "spoil"), BROKEN, ids=[f"{rule} {fault}" for rule, fault, _ in BROKEN])
async def test_a_broken_server_is_found_out(ours: Ours, rule: str, fault: str, spoil: Spoil):
    found = await examined(ours, spoil, rule)
    assert found.outcome is CheckOutcome.FAIL, fault
    assert all(found.seen)


async def test_a_server_without_https_is_found_out(ours: Ours):
    found = await examined(ours, lambda request, answer: answer, "O-14", URL.replace("https", "http"))
    assert found.outcome is CheckOutcome.FAIL


def test_every_rule_has_a_server_that_breaks_it():
    assert {rule for rule, _, _ in BROKEN} | {"O-14"} == {rule.id for rule in RULES}
    assert [rule.id for rule in RULES] == [f"O-{n:02d}" for n in range(1, 22)]


@pytest.mark.parametrize("url", [URL, f"{URL}/", "https://city.example/open311/discovery.xml"])
async def test_our_server_keeps_every_rule(ours: Ours, url: str):
    discovered = rewritten(rb"http://[^<\"]*/open311/v2", URL.encode())
    async with client(ours.app, discovered) as asking:
        manner = Manner(ours.key, "nanhai", writes=True)
        verdicts = await examine(await TestedServer.reach(asking, url, manner, datetime.now(UTC)))
    kept = {rule.id: (CheckOutcome.PASS, ()) for rule in RULES}
    asks_nothing = {"O-16": (CheckOutcome.NOT_APPLICABLE, ("no service has a required attribute",))}
    assert {v.rule.id: (v.outcome, v.seen) for v in verdicts} == kept | asks_nothing


@pytest.mark.parametrize(("writes", "named"), [(False, "production"), (True, "test")])
@pytest.mark.parametrize("format", ["xml", "json"])
async def test_what_is_written_goes_to_the_test_server_where_there_is_one(format: str, writes: bool, named: str):
    places = [Endpoint(specification="http://wiki.open311.org/GeoReport_v2", url=f"https://{type}.example/v2",
                       changeset="1", type=type, formats=("text/xml",)) for type in ("production", "test")]  # fmt: skip
    told = render(Discovery(changeset="1", contact="x", key_service="x", endpoints=(*places,)), Format(format))

    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, content=told.body if "discovery" in request.url.path else b"<services/>")

    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as asking:
        manner = Manner(writes=writes)
        server = await TestedServer.reach(asking, f"https://city.example/discovery.{format}", manner, datetime.now(UTC))
    assert server.url == f"https://{named}.example/v2"


async def test_nothing_is_written_unless_it_was_allowed(ours: Ours):
    posted = []

    def watch(request: httpx.Request, answer: httpx.Response) -> httpx.Response:
        posted.extend([request] if request.method != "GET" else [])
        return answer

    async with client(ours.app, watch) as asking:
        manner = Manner(ours.key, "nanhai", writes=False)
        verdicts = await examine(await TestedServer.reach(asking, URL, manner, datetime.now(UTC)))
    assert not posted
    left = {v.rule.id: v.seen for v in verdicts if v.outcome is CheckOutcome.NOT_APPLICABLE}
    assert set(left) == {"O-13", "O-16"}
    assert "--write" in left["O-13"][0]


async def test_a_rule_that_gets_no_answer_fails_and_the_others_go_on(ours: Ours):
    def silent(request: httpx.Request, answer: httpx.Response) -> httpx.Response:
        if "tokens" in request.url.path:
            raise httpx.ReadTimeout("waited in vain", request=request)
        return answer

    assert "waited in vain" in (await examined(ours, silent, "O-11")).seen[0]


async def test_a_server_of_a_jurisdiction_that_was_not_named_says_so(ours: Ours):
    async with client(ours.app) as asking:
        with pytest.raises(Unreadable, match="jurisdiction_id"):
            await TestedServer.reach(asking, URL, Manner(), datetime.now(UTC))


async def run(*arguments: str) -> tuple[int, str]:
    said = await asyncio.to_thread(CliRunner().invoke, huying, ["open311", "check", *arguments])
    return said.exit_code, said.output


async def test_the_command_prints_every_rule_and_ends_well(listening: str, ours: Ours):
    code, said = await run(listening, "--api-key", ours.key, "--jurisdiction-id", "nanhai", "--write")
    assert code == 0, said
    assert all(rule.id in said for rule in RULES)
    assert "19 pass, 0 fail, 2 not applicable" in said


async def test_the_command_tells_machines_what_it_saw(listening: str):
    code, said = await run(listening, "--jurisdiction-id", "nanhai", "--json")
    told = json.loads(said)
    assert code == 0
    assert [rule["id"] for rule in told["rules"]] == [rule.id for rule in RULES]
    assert told["counts"] == {"pass": 18, "fail": 0, "not applicable": 3}


async def test_the_command_ends_with_one_when_a_rule_is_broken(listening: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("services.intake.open311.rendering.MEDIA", {"xml": "text/plain", "json": "text/plain"})
    code, said = await run(listening, "--jurisdiction-id", "nanhai")
    assert (code, "text/plain" in said) == (1, True)


async def test_the_command_ends_with_two_when_nobody_answers(listening: str):
    for url in (f"http://127.0.0.1:{free_port()}/open311/v2", listening, "nonsense", f"{listening}/discovery.xml"):
        code, said = await run(url)
        assert (code, "could not be examined" in said) == (2, True), said
        assert "--jurisdiction-id" in said
