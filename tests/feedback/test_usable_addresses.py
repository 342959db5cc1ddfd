"""An address that a citizen entered reaches a gateway only if the gateway can use it."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from services.feedback.gateways.recipients import ContactMethod, Recipient, usable
from tests.feedback.gateways import message
from tests.feedback.test_smtp import gateway

SIGNS = st.text(st.sampled_from('ab1@.-_+,;:<>()[]"\\ =?邹。\u2028\u202e'), max_size=20)
SPOILED = ('"', "<", "a@[", "a@", "=?x?b?!!!?=", "=?utf-8?q?=0D=0A?=@b.c", "a@b.c\u2028Bcc: x@y.z", "a@b.c, d@e.f")


@pytest.mark.parametrize("entered", [*SPOILED, "张三@例子.测试", "x", "<>"])
def test_an_invalid_mail_address_is_not_used(entered: str):
    assert usable(ContactMethod.EMAIL, entered) is None


@given(SIGNS | st.text(max_size=20).map(lambda text: f"{text}@example.net"))
@example("zou@example.net")
@example("=?utf-8?q?=0D=0A?=@example.net")
def test_every_usable_mail_address_makes_a_mail_to_one_person(written: str):
    address = usable(ContactMethod.EMAIL, written)
    if address is not None:
        letter = gateway(1, None)._letter(message(), Recipient(ContactMethod.EMAIL, address))
        assert letter.as_bytes().isascii()
        assert [mailbox.addr_spec for mailbox in letter["To"].addresses] == [address]


@pytest.mark.parametrize(
    ("entered", "number"),
    [
        ("13800138000", "13800138000"),
        ("１３８００１３８０００", "13800138000"),
        ("+86 138-0013-8000", "+86 138-0013-8000"),
        ("0757-86331234转801", "0757-86331234转801"),
        ("١١٠", "110"),
        ("138²", "138"),
        ("<>", None),
        ("12", None),
    ],
)
def test_a_telephone_number_is_reduced_to_digits(entered: str, number: str | None):
    assert usable(ContactMethod.PHONE, entered) == number
