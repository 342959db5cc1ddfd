"""The SMS gateway by HTTP asks and reads as its declaration says; what may have gone out is never called unsent."""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from deploy.local.ports import free_port
from services.feedback.gateways.declared import declared
from services.feedback.gateways.declared_sms import HttpSms
from services.feedback.gateways.http_sms import HttpSmsGateway, outcome_of
from shared.chassis.work.intents import Intent, Outcome, Rejected, RetryLater, Sent, TryAgain, Unknown
from tests.feedback.gateways import ID, NUMBER, TO, URL, message, sms


@dataclass(frozen=True)
class Asked:
    """A request as it came over the wire."""

    query: Mapping[str, str]
    headers: Mapping[str, str]
    content: bytes

    @property
    def form(self) -> dict[str, list[str]]:
        return parse_qs(self.content.decode())

    @property
    def json(self) -> Any:
        return json.loads(self.content)


@asynccontextmanager
async def answering(handle: Callable[[web.Request], Awaitable[web.StreamResponse]]) -> AsyncIterator[str]:
    """The address of a server that answers whatever it is asked."""
    server = TestServer(web.Application(), port=0)
    server.app.router.add_route("*", "/send", handle)
    async with server:
        yield str(server.make_url("/send"))


async def asked(http_sms: HttpSms, intent: Intent | None = None) -> Asked:
    """The request that a gateway gets."""
    requests: list[Asked] = []

    async def answer(request: web.Request) -> web.Response:
        requests.append(Asked(dict(request.query), dict(request.headers), await request.read()))
        return web.Response()

    async with answering(answer) as url:
        gateway = HttpSmsGateway("sms", http_sms.model_copy(update={"url": url}), clock=lambda: 1700000000.0)
        assert await gateway.send(intent or message(), TO) == Sent()
        await gateway.close()
    return requests[0]


async def test_address_words_and_id_stand_where_the_declaration_wants_them():
    request = await asked(
        sms(method="GET", query={"to": "{to}", "text": "{text}", "ref": "{id}"}, headers={"X-About": "{number}"})
    )
    assert request.query == {"to": "13800138000", "text": message().body["text"], "ref": str(ID)}
    assert request.headers["X-About"] == NUMBER


async def test_a_form_and_json_are_filled_and_whatever_stands_in_a_value_breaks_nothing():
    odd = message(text='他说："水&漏{to}"')
    form = await asked(sms(form={"mobile": "{to}", "content": "{text}"}), odd)
    assert form.form == {"mobile": ["13800138000"], "content": [odd.body["text"]]}
    posted = await asked(sms(json={"to": ["{to}"], "body": {"text": "{text}"}, "n": 1}), odd)
    assert posted.json == {"to": ["13800138000"], "body": {"text": odd.body["text"]}, "n": 1}


async def test_the_signature_goes_before_the_words_once():
    http_sms = sms(signature="【呼应】", form={"content": "{text}", "sign": "{signature}"})
    for text in ("已收到", "【呼应】已收到"):
        form = (await asked(http_sms, message(text=text))).form
        assert form == {"content": ["【呼应】已收到"], "sign": ["呼应"]}


async def test_an_approved_template_takes_short_variables_and_the_path_of_the_link():
    approved = {"id": "SMS_1", "variables": {"no": "{number}", "why": "{reason}", "link": "{url_path}"}}
    http_sms = sms(
        templates={"resolved": approved}, variable_length=10, json={"code": "{template_id}", "params": "{variables}"}
    )
    request = await asked(http_sms, message(reason="很长" * 20))
    assert request.json["code"] == "SMS_1"
    assert request.json["params"] == {"no": NUMBER, "why": "很长很长很长很长很…", "link": "follow/abc.def"}


@pytest.mark.parametrize("more", [{"links": False}, {"templates_only": True}])
async def test_words_that_the_operator_would_refuse_are_not_sent_and_the_reason_says_what_to_do(more: dict[str, bool]):
    outcome = await HttpSmsGateway("sms", sms(**more)).send(message(), TO)
    assert isinstance(outcome, Rejected)
    assert "'resolved'" in outcome.reason
    assert "template" in outcome.reason


async def test_a_request_is_signed_over_what_the_declaration_names():
    http_sms = sms(sign={"over": "app{to}{timestamp}", "algorithm": "md5", "secret": "s3cret"}, form={"sign": "{sign}"})
    form = (await asked(http_sms)).form
    assert form["sign"] == [hashlib.md5(b"app138001380001700000000s3cret").hexdigest()]


async def test_a_gateway_that_is_away_was_sent_nothing():
    gateway = HttpSmsGateway("sms", sms(url=f"http://127.0.0.1:{free_port()}/send"))
    assert isinstance(await gateway.send(message(), TO), RetryLater)
    await gateway.close()


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("first", [b"", b"HTTP/1.1 200", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n0: Ac"])
async def test_whoever_hangs_up_after_the_request_leaves_it_unknown_and_is_asked_once(first: bytes, method: str):
    requests = []

    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        requests.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(first)
        writer.close()

    async with await asyncio.start_server(hang_up, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        gateway = HttpSmsGateway("sms", sms(url=f"http://127.0.0.1:{port}/send", method=method))
        assert isinstance(await gateway.send(message(), TO), Unknown)
        await gateway.close()
    assert len(requests) == 1


async def test_silence_after_the_request_leaves_it_unknown():
    over = asyncio.Event()

    async def never(request: web.Request) -> web.Response:
        await over.wait()
        return web.Response()

    async with answering(never) as url:
        gateway = HttpSmsGateway("sms", sms(url=url, timeout=0.2))
        assert isinstance(await gateway.send(message(), TO), Unknown)
        over.set()
        await gateway.close()


RULES: tuple[dict[str, Any], ...] = (
    {"outcome": "sent", "status": [202], "body": "^0:", "reference": r'id="(\w+)"'},
    {"outcome": "again", "body": "busy"},
    {"outcome": "later", "body": "no credit"},
    {"outcome": "refused", "body": "bad number"},
)


@pytest.mark.parametrize(
    ("status", "body", "rules", "outcome"),
    [
        (200, "", (), Sent()),
        (202, '0: ok id="m17"', RULES, Sent("m17")),
        (202, "0: ok", RULES, Sent("")),
        (200, "busy, try later", RULES, TryAgain("200: busy, try later")),
        (200, "no credit", RULES, RetryLater("200: no credit")),
        (200, "bad number", RULES, Rejected("200: bad number")),
        (200, "surprise", RULES, Unknown("200: surprise")),
        (400, "", (), Rejected("400: ")),
        (401, "", (), RetryLater("401: ")),
        (429, "", (), RetryLater("429: ")),
        (503, "", (), RetryLater("503: ")),
        (500, "", (), Unknown("500: ")),
        (502, "", (), Unknown("502: ")),
        (302, "", (), Unknown("302: ")),
    ],
)
def test_an_answer_is_read_by_the_first_rule_that_holds_else_by_its_status(
    status: int, body: str, rules: tuple[dict[str, Any], ...], outcome: Outcome
):
    assert outcome_of(status, body, sms(answers=rules).answers) == outcome


GOOD = """
gateways:
  sms:
    kind: http-sms
    url: http://127.0.0.1:13013/cgi-bin/sendsms
    method: GET
    query: {to: "{to}", text: "{text}"}
use: {phone: sms}
"""


def test_a_declared_gateway_is_read(tmp_path: Path):
    file = tmp_path / "gateways.yaml"
    file.write_text(GOOD)
    assert declared(file).gateways["sms"].kind == "http-sms"


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("{text}", "{tetx}", "there is no value for {tetx}"),
        ("phone: sms", "phone: sns", "there is no gateway 'sns'; known: sms"),
        ("phone: sms", "email: sms", "is of the kind http-sms, which is for phone"),
        ("url: http", "url: ftp", "url"),
        ("method: GET", "methd: GET", "methd"),
        ("use:", "  use: [", "cannot be read"),
        ("method: GET", 'answers: [{outcome: sent, body: "("}]', "is no regular expression"),
        ("method: GET", "reports: {key: 0123456789abcdef, delivered: ['1'], failed: ['2']}", "name the parameter"),
    ],
)
def test_a_mistake_in_the_declaration_is_named(tmp_path: Path, old: str, new: str, told: str):
    file = tmp_path / "gateways.yaml"
    file.write_text(GOOD.replace(old, new))
    with pytest.raises(ValueError, match="gateways") as fault:
        declared(file)
    assert told in str(fault.value)


async def test_a_link_is_never_cut():
    approved = {"id": "T", "variables": {"link": "{url}"}}
    http_sms = sms(templates={"resolved": approved}, variable_length=4, json={"params": "{variables}"})
    assert (await asked(http_sms)).json == {"params": {"link": URL}}
