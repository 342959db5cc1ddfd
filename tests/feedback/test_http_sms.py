"""The HTTP SMS gateway sends and reads as its declaration says; a message that may have been sent is never called
unsent."""

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
    """A request as the server received it."""

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
    """The address of a server with this handler."""
    server = TestServer(web.Application(), port=0)
    server.app.router.add_route("*", "/send", handle)
    async with server:
        yield str(server.make_url("/send"))


async def request_of(declaration: HttpSms, intent: Intent | None = None) -> Asked:
    """The request that a gateway sends."""
    requests: list[Asked] = []

    async def answer(request: web.Request) -> web.Response:
        requests.append(Asked(dict(request.query), dict(request.headers), await request.read()))
        return web.Response()

    async with answering(answer) as url:
        gateway = HttpSmsGateway("sms", declaration.model_copy(update={"url": url}), clock=lambda: 1700000000.0)
        assert await gateway.send(intent or message(), TO) == Sent()
        await gateway.close()
    return requests[0]


async def test_address_text_and_id_are_put_where_the_declaration_says():
    request = await request_of(
        sms(method="GET", query={"to": "{to}", "text": "{text}", "ref": "{id}"}, headers={"X-About": "{number}"})
    )
    assert request.query == {"to": "13800138000", "text": message().body["text"], "ref": str(ID)}
    assert request.headers["X-About"] == NUMBER


async def test_a_form_and_json_are_filled_and_special_characters_in_values_break_nothing():
    text_with_quotes = message(text='他说："水&漏{to}"')
    form = await request_of(sms(form={"mobile": "{to}", "content": "{text}"}), text_with_quotes)
    assert form.form == {"mobile": ["13800138000"], "content": [text_with_quotes.body["text"]]}
    posted = await request_of(sms(json={"to": ["{to}"], "body": {"text": "{text}"}, "n": 1}), text_with_quotes)
    assert posted.json == {"to": ["13800138000"], "body": {"text": text_with_quotes.body["text"]}, "n": 1}


async def test_the_signature_is_put_before_the_text_once():
    declaration = sms(signature="【呼应】", form={"content": "{text}", "sign": "{signature}"})
    for text in ("已收到", "【呼应】已收到"):
        form = (await request_of(declaration, message(text=text))).form
        assert form == {"content": ["【呼应】已收到"], "sign": ["呼应"]}


async def test_an_approved_template_takes_short_variables_and_the_path_of_the_link():
    approved = {"id": "SMS_1", "variables": {"no": "{number}", "why": "{reason}", "link": "{url_path}"}}
    declaration = sms(
        templates={"resolved": approved}, variable_length=10, json={"code": "{template_id}", "params": "{variables}"}
    )
    request = await request_of(declaration, message(reason="很长" * 20))
    assert request.json["code"] == "SMS_1"
    assert request.json["params"] == {"no": NUMBER, "why": "很长很长很长很长很…", "link": "follow/abc.def"}


@pytest.mark.parametrize("more", [{"links": False}, {"templates_only": True}])
async def test_a_text_that_the_operator_would_refuse_is_not_sent_and_the_reason_says_what_to_do(more: dict[str, bool]):
    outcome = await HttpSmsGateway("sms", sms(**more)).send(message(), TO)
    assert isinstance(outcome, Rejected)
    assert "'resolved'" in outcome.reason
    assert "template" in outcome.reason


async def test_a_request_is_signed_over_the_declared_values():
    declaration = sms(
        sign={"over": "app{to}{timestamp}", "algorithm": "md5", "secret": "s3cret"}, form={"sign": "{sign}"}
    )
    form = (await request_of(declaration)).form
    assert form["sign"] == [hashlib.md5(b"app138001380001700000000s3cret").hexdigest()]


async def test_an_unreachable_gateway_was_sent_nothing():
    gateway = HttpSmsGateway("sms", sms(url=f"http://127.0.0.1:{free_port()}/send"))
    assert isinstance(await gateway.send(message(), TO), RetryLater)
    await gateway.close()


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("first", [b"", b"HTTP/1.1 200", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n0: Ac"])
async def test_a_connection_closed_after_the_request_is_an_unknown_outcome_and_not_repeated(first: bytes, method: str):
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


async def test_a_timeout_after_the_request_is_an_unknown_outcome():
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
def test_an_answer_is_read_by_the_first_matching_rule_or_else_by_its_status(
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
    ("old", "new", "reason"),
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
def test_a_mistake_in_the_declaration_is_named(tmp_path: Path, old: str, new: str, reason: str):
    file = tmp_path / "gateways.yaml"
    file.write_text(GOOD.replace(old, new))
    with pytest.raises(ValueError, match="gateways") as fault:
        declared(file)
    assert reason in str(fault.value)


async def test_a_link_is_never_cut():
    approved = {"id": "T", "variables": {"link": "{url}"}}
    declaration = sms(templates={"resolved": approved}, variable_length=4, json={"params": "{variables}"})
    assert (await request_of(declaration)).json == {"params": {"link": URL}}
