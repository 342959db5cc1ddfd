"""The rules of webhooks: retries, allowed addresses, valid requests, and keys of secrets."""

from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from itertools import accumulate
from uuid import UUID

import pytest
from cryptography.exceptions import InvalidTag
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from standardwebhooks import Webhook, WebhookVerificationError

from services.feedback.webhooks.addresses import AllowedAddresses, literal
from services.feedback.webhooks.commands import CreateWebhook, Redeliver
from services.feedback.webhooks.delivery_queries import DueDelivery as DueDelivery
from services.feedback.webhooks.delivery_queries import Result
from services.feedback.webhooks.domain import PAUSES, DeliveryState, Reply, decide
from services.feedback.webhooks.endpoint_client import seconds_of
from services.feedback.webhooks.handler import check_url
from services.feedback.webhooks.signing import SecretBox, new_secret, signed_headers
from shared.contracts.refusals import Refused

ID, OTHER = UUID(int=1), UUID(int=2)
PUBLIC = AllowedAddresses()
OWN = AllowedAddresses.of("10.1.0.0/16, fd00:1::/32")
_FORBIDDEN = """
    127.0.0.1 127.255.255.254 0.0.0.0 0.1.2.3 10.0.0.1 10.255.0.1 172.16.0.1 172.31.255.255 192.168.0.1 100.64.0.1
    100.127.255.254 169.254.169.254 169.254.0.1 192.0.0.1 192.0.2.1 198.18.0.1 198.51.100.7 203.0.113.9 224.0.0.1
    239.1.1.1 240.0.0.1 255.255.255.255 ::1 :: fe80::1 fe80::a9fe:a9fe fc00::1 fd00::1 fec0::1 ff02::1 2001:db8::1
    ::ffff:127.0.0.1 ::ffff:10.0.0.1 ::ffff:169.254.169.254 ::127.0.0.1 64:ff9b::10.0.0.1 64:ff9b::a9fe:a9fe
    64:ff9b:1::7f00:1 64:ff9b:1:a00:0:100:808:808 64:ff9b:1::808:808 192.0.0.8 192.0.0.9 192.0.0.200 192.88.99.1
    3fff::1 3fff:fff:ffff::1 5f00::1 100::1 100:0:0:1::1 2001:2::1 2001:20::1 ::ffff:0:808:808 64:ff9b::c058:6301
    2002:c058:6301:: 2002:7f00:1:: 2002:a00:1:: 2001:0:7f00:1:0:0:f5ff:fffe
"""
_ALLOWED = """
    1.1.1.1 8.8.8.8 113.105.1.1 172.32.0.1 100.128.0.1 2400:3200::1 ::ffff:8.8.8.8 64:ff9b::8.8.8.8
"""


def test_a_delivery_is_tried_ten_times_in_a_little_more_than_three_days():
    assert len(PAUSES) + 1 == 10
    *_, total = accumulate(PAUSES)
    assert timedelta(days=3) < total < timedelta(days=3, hours=6)
    failures, states = 0, []
    while (decision := decide(Reply(status=500), failures, lambda: 0.0)).state is DeliveryState.PENDING:
        states.append(decision.pause)
        failures += decision.failed
    assert tuple(states) == PAUSES
    assert decision.state is DeliveryState.FAILED


def test_the_failure_that_disables_a_webhook_gives_no_delivery_up():
    reply = Reply(status=500)
    delivery = DueDelivery(ID, OTHER, 1, "{}", 9, 9, OTHER, "NH21-000001-W")
    last = Result(delivery, datetime.now(UTC), reply, decide(reply, 9))
    assert last.decision.state is DeliveryState.FAILED
    assert last.kept_pending([ID]).decision.state is DeliveryState.PENDING
    assert last.kept_pending([OTHER]).decision.state is DeliveryState.FAILED


@given(st.integers(100, 599) | st.none(), st.integers(0, 12), st.floats(0, 1), st.none() | st.floats(0, 1e9))
def test_every_response_leads_to_a_decision(
    status: int | None, failures: int, jitter: float, retry_after: float | None
):
    decision = decide(Reply(status=status, retry_after=retry_after), failures, lambda: jitter)
    assert (decision.state is DeliveryState.DELIVERED) == (status is not None and 200 <= status < 300)
    assert decision.pause <= max(timedelta(days=1), PAUSES[-1] * 1.1)
    if decision.failed and not decision.is_over:
        assert decision.pause >= PAUSES[failures]


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_a_requested_pause_does_not_count_as_a_failure(status: int):
    decision = decide(Reply(status=status, retry_after=3600), 9)
    assert (decision.state, decision.failed, decision.pause) == (DeliveryState.PENDING, False, timedelta(hours=1))


@pytest.mark.parametrize("address", _FORBIDDEN.split())
def test_a_webhook_to_a_local_address_is_refused(address: str):
    assert not PUBLIC.allows(ip_address(address))
    with pytest.raises(Refused):
        check_url(f"https://{f'[{address}]' if ':' in address else address}/hook", PUBLIC)


@pytest.mark.parametrize("address", _ALLOWED.split())
def test_a_webhook_to_a_public_address_is_allowed(address: str):
    assert PUBLIC.allows(ip_address(address))
    assert not OWN.only_networks.allows(ip_address(address)), "never without encryption"


def test_only_the_networks_that_the_operator_allows_are_allowed():
    inside = ("10.1.2.3", "::ffff:10.1.2.3", "fd00:1::7")
    outside = ("10.2.0.1", "127.0.0.1", "169.254.169.254", "fd00:2::1", "::ffff:10.2.0.1")
    for rules in (OWN, OWN.only_networks):
        assert all(rules.allows(ip_address(address)) for address in inside)
        assert not any(rules.allows(ip_address(address)) for address in outside)
    check_url("http://10.1.2.3/hook", OWN)
    with pytest.raises(ValueError, match="10\\.1"):
        AllowedAddresses.of("10.1.0.0/33")


@pytest.mark.parametrize(
    "host",
    ["2130706433", "0x7f000001", "0177.0.0.1", "127.1", "0x7f.1", "[::ffff:7f00:1]", "0", "localhost", "a.localhost."],
)
def test_a_local_address_in_another_spelling_is_refused_when_the_webhook_is_created(host: str):
    assert "localhost" in host or not PUBLIC.allows(literal(host) or ip_address("8.8.8.8"))
    with pytest.raises(Refused) as refused:
        check_url(f"https://{host}/hook", PUBLIC)
    assert refused.value.errors[0].field == "url"


def test_without_allowed_networks_only_encrypted_addresses_are_accepted():
    check_url("https://partner.example.gov.cn/hook", PUBLIC)
    with pytest.raises(Refused):
        check_url("http://partner.example.gov.cn/hook", PUBLIC)


@pytest.mark.parametrize(
    "url",
    ["ftp://a.example/x", "https://", "https://u:p@a.example/", "https://a.example/#x", "a.example", "https://a.example:0/",
     "https://a.example:99999/", "https://[::1/", "https://a.example/a b", "https://例子.example/"],
)  # fmt: skip
def test_an_invalid_address_of_an_endpoint_is_refused(url: str):
    with pytest.raises(ValidationError):
        CreateWebhook(url=url)


def test_types_are_given_without_their_version_and_must_exist():
    command = CreateWebhook(url="https://a.example/", types=("demand.routed.v2", "demand.closed"))
    assert command.types == ("demand.routed", "demand.closed")
    for unknown in ("demand.noted", "demand.{x}", ""):
        with pytest.raises(ValidationError):
            CreateWebhook(url="https://a.example/", types=(unknown,))


def test_a_redelivery_names_an_event_or_a_time():
    for fields in ({}, {"event": ID, "since": "2026-01-01T00:00:00Z"}):
        with pytest.raises(ValidationError):
            Redeliver.model_validate(fields)


def test_another_implementation_verifies_a_signature_with_either_secret():
    old_secret, second_secret = new_secret(), new_secret()
    body = '{"词": "路灯"}'
    headers = dict(signed_headers(ID, datetime.now(UTC), body, [second_secret, old_secret]))
    for secret in (old_secret, second_secret):
        assert Webhook(secret).verify(body, headers) == {"词": "路灯"}
    for secret, changed_body in ((new_secret(), body), (second_secret, body + " ")):
        with pytest.raises(WebhookVerificationError):
            Webhook(secret).verify(changed_body, headers)


def test_a_secret_can_be_opened_with_the_previous_key_and_only_for_its_webhook():
    previous_box, current_box, other_box = (
        SecretBox.of("a" * 40),
        SecretBox.of("b" * 40, "a" * 40),
        SecretBox.of("c" * 40),
    )
    sealed = previous_box.seal(ID, "whsec_x")
    assert current_box.open(ID, sealed) == "whsec_x"
    assert (previous_box.is_current(ID, sealed), current_box.is_current(ID, sealed)) == (True, False)
    for box, id in ((other_box, ID), (current_box, OTHER)):
        with pytest.raises(InvalidTag):
            box.open(id, sealed)


@pytest.mark.parametrize(
    ("text", "seconds"), [("90", 90.0), ("", None), ("soon", None), ("-5", None), ("٣", None), ("9" * 30, None),
                          ("Wed, 21 Oct 2015 07:28:00 GMT", 0.0),
                          ("Wed, 01 Jan 99999999999999999999 00:00:00 GMT", None),
                          ("Wed, 01 Jan 2031 00:00:00 +99999999999999", None)],
)  # fmt: skip
def test_a_retry_after_is_read_as_seconds_or_as_a_date(text: str, seconds: float | None):
    assert seconds_of(text) == seconds


_PART = st.sampled_from(["Wed,", "01", "Jan", "2031", "00:00:00", "GMT", "-0000", "9" * 30, ",", ":", "+", "31.1.1"])


@given(st.text() | st.lists(_PART | st.text(max_size=3)).map(" ".join))
def test_no_value_of_retry_after_raises_an_error(text: str):
    assert (seconds_of(text) or 0.0) >= 0
