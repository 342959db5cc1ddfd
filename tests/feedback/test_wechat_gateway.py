"""Template messages go to a stand-in for WeChat's interface, which drops a repeated `client_msg_id` as WeChat does."""

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
    """WeChat: gives tokens, and takes each message once."""

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


def gateway(peer: Peer, **more: Any) -> WeChatGateway:
    approved = {"id": "T1", "variables": {"thing1": "{result}", "character_string2": "{number}"}}
    told = {"kind": "wechat", "app_id": "wx1", "secret": "s", "templates": {"resolved": approved}} | more
    client = httpx.AsyncClient(transport=httpx.MockTransport(peer))
    return WeChatGateway("wechat", WeChat.model_validate(told), client)


async def test_a_template_message_has_short_values_and_opens_the_page_of_the_demand():
    peer = Peer()
    assert await gateway(peer).send(message(result="已修好" * 20), TO) == Sent("2400000000001")
    (told,) = peer.asked
    assert (told["touser"], told["template_id"], told["url"]) == (TO.address, "T1", URL)
    assert told["data"]["character_string2"] == {"value": NUMBER}
    assert len(told["data"]["thing1"]["value"]) == 20
    assert told["client_msg_id"] == ID.hex


async def test_one_token_serves_many_messages_and_a_stale_one_is_renewed():
    peer = Peer(answers=[{"errcode": 0}, {"errcode": 42001, "errmsg": "expired"}])
    account = gateway(peer)
    assert [type(await account.send(message(), TO)) for _ in range(2)] == [Sent, Sent]
    assert peer.tokens == 2


async def test_a_message_without_an_answer_is_repeated_under_its_id_which_wechat_shows_once():
    peer = Peer(answers=[httpx.ReadTimeout("silent")])
    assert isinstance(await gateway(peer).send(message(), TO), Sent)
    assert (len(peer.asked), len(peer.shown)) == (2, 1)


async def test_two_silences_leave_the_outcome_unknown():
    peer = Peer(answers=[httpx.ReadTimeout("silent")] * 2)
    assert isinstance(await gateway(peer).send(message(), TO), Unknown)


@pytest.mark.parametrize(
    ("code", "outcome"),
    [(43004, NotReached), (40003, NotReached), (45009, RetryLater), (-1, TryAgain), (47003, Rejected)],
)
async def test_wechats_codes_say_what_becomes_of_a_message(code: int, outcome: type[Outcome]):
    peer = Peer(answers=[{"errcode": code, "errmsg": "x"}])
    assert isinstance(await gateway(peer).send(message(), TO), outcome)


async def test_a_notice_without_a_template_goes_another_way():
    assert isinstance(await gateway(Peer()).send(message("progressed"), TO), NotReached)
