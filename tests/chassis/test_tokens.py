"""Tokens are valid for one purpose and a limited time; two secrets are accepted while one is being changed."""

import time
from typing import Any

import pytest

from shared.chassis.base.tokens import Tokens
from shared.contracts.refusals import Code, Refused

OLD, NEW = "the secret of last year, known to us", "the secret of this year, known to us"
DAY = 24 * 3600


def refusal(tokens: Tokens, token: str, purpose: str = "rate") -> Code:
    with pytest.raises(Refused) as refused:
        tokens.read(purpose, token)
    return refused.value.code


def later(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    """Move the clock that is used to sign and to verify."""
    moment = time.time() + seconds
    monkeypatch.setattr("itsdangerous.timed.time.time", lambda: moment)


def test_a_token_can_be_read_only_for_its_purpose():
    token = Tokens(NEW).write("rate", {"demand": "1"})
    assert Tokens(NEW).read("rate", token) == {"demand": "1"}
    assert refusal(Tokens(NEW), token, "staff") is Code.UNAUTHENTICATED
    assert refusal(Tokens(OLD), token) is Code.UNAUTHENTICATED


def test_a_token_is_valid_until_it_expires(monkeypatch: pytest.MonkeyPatch):
    tokens = Tokens(NEW, max_age=DAY)
    token = tokens.write("rate", {})
    later(monkeypatch, DAY - 60)
    assert tokens.read("rate", token) == {}
    later(monkeypatch, DAY + 60)
    assert refusal(tokens, token) is Code.LINK_EXPIRED


def test_the_previous_secret_verifies_tokens_and_signs_none():
    during = Tokens(NEW, previous=OLD)
    assert during.read("rate", Tokens(OLD).write("rate", {"demand": "1"})) == {"demand": "1"}
    fresh: Any = during.write("rate", {"demand": "2"})
    assert Tokens(NEW).read("rate", fresh) == {"demand": "2"}
    assert refusal(Tokens(OLD), fresh) is Code.UNAUTHENTICATED


def test_a_removed_secret_verifies_nothing():
    assert refusal(Tokens(NEW), Tokens(OLD).write("rate", {})) is Code.UNAUTHENTICATED
