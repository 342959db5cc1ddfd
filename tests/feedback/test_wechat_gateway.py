"""Template messages go to a test server in place of WeChat, which drops a repeated `client_msg_id` like WeChat."""

import json
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from services.feedback.gateways.declared import WeChat
from services.feedback.gateways.recipients import ContactMethod, Recipient
from services.feedback.gateways.wechat import WeChatGateway
from shared.chassis.work.intents import NotReached, Outcome, Rejected, RetryLater, Sent, TryAgain, Unknown
from tests.feedback.gateways import ID, NUMBER, URL, message

TO = Recipient(ContactMethod.WECHAT, "oTheOpenIdOfSomebody42", b"m", "wechat")


@dataclass
class Peer:
    """WeChat: issues tokens, and accepts each message once."""

    answers: list[dict[str, Any] | httpx.TransportError] = field(default_factory=list)
    tokens: int = 0
    asked: list[dict[str, Any]] = field(default_factory=list)
    shown: dict[str, dict[str, Any]] = field(default_factory=dict)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        body = json.loads(request.content)
        if request.url.path == "/cgi-bin/stable_token":
            self.tokens += 1
            return httpx.Response(200, json={"access_token": f"t{self.tokens}", "expires_in": 7200})
        assert request.url.params["access_token"] == f"t{self.tokens}"
        self.asked.append(body)
        answer = self.answers.pop(0) if self.answers else {"errcode": 0, "errmsg": "ok", "msgid": 2400000000001}
        if isinstance(answer, dict) and answer["errcode"]:
            return httpx.Response(200, json=answer)
        self.shown[body["client_msg_id"]] = body
        if isinstance(answer, httpx.TransportError):
            raise answer
        return httpx.Response(200, json=answer)


def gateway(peer: Peer, **options: Any) -> WeChatGateway:
    approved = {"id": "T1", "variables": {"thing1": "{result}", "character_string2": "{number}"}}
    declaration = {"kind": "wechat", "app_id": "wx1", "secret": "s", "templates": {"resolved": approved}} | options
    client = httpx.AsyncClient(transport=httpx.MockTransport(peer))
    return WeChatGateway("wechat", WeChat.model_validate(declaration), client)


async def test_a_template_message_has_short_values_and_opens_the_page_of_the_demand():
    peer = Peer()
    assert await gateway(peer).send(message(result="已修好" * 20), TO) == Sent("2400000000001")
    (request,) = peer.asked
    assert (request["touser"], request["template_id"], request["url"]) == (TO.address, "T1", URL)
    assert request["data"]["character_string2"] == {"value": NUMBER}
    assert len(request["data"]["thing1"]["value"]) == 20
    assert request["client_msg_id"] == ID.hex


async def test_one_token_serves_many_messages_and_a_stale_one_is_renewed():
    peer = Peer(answers=[{"errcode": 0}, {"errcode": 42001, "errmsg": "expired"}])
    account = gateway(peer)
    assert [type(await account.send(message(), TO)) for _ in range(2)] == [Sent, Sent]
    assert peer.tokens == 2


async def test_a_message_without_a_response_is_repeated_with_its_id_and_shown_once():
    peer = Peer(answers=[httpx.ReadTimeout("silent")])
    assert isinstance(await gateway(peer).send(message(), TO), Sent)
    assert (len(peer.asked), len(peer.shown)) == (2, 1)


async def test_two_timeouts_are_an_unknown_outcome():
    peer = Peer(answers=[httpx.ReadTimeout("silent")] * 2)
    assert isinstance(await gateway(peer).send(message(), TO), Unknown)


@pytest.mark.parametrize(
    ("code", "outcome"),
    [(43004, NotReached), (40003, NotReached), (45009, RetryLater), (-1, TryAgain), (47003, Rejected)],
)
async def test_wechats_codes_decide_the_outcome(code: int, outcome: type[Outcome]):
    peer = Peer(answers=[{"errcode": code, "errmsg": "x"}])
    assert isinstance(await gateway(peer).send(message(), TO), outcome)


async def test_a_notice_without_a_template_goes_by_another_gateway():
    assert isinstance(await gateway(Peer()).send(message("progressed"), TO), NotReached)
