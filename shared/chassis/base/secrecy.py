"""Refuses weak secrets: those that are too short, repetitive, or copied from an example."""

import re
from collections.abc import Iterator
from typing import Annotated, Final

from pydantic import AfterValidator

MAKE_ONE: Final = "make one with `openssl rand -base64 48` and keep it"
SHORTEST: Final = 32
FEWEST_DIFFERENT: Final = 10
_PLACEHOLDERS: Final = (
    "changeme", "changethis", "replaceme", "replacethis", "replacewith", "yoursecret", "yourkey", "yourown32",
    "placeholder", "example", "insertyour", "putyour", "opensslrand", "supersecret", "topsecret", "notsecret",
    "secretkey", "password", "passw0rd", "letmein", "qwertyui", "abcdefghij", "0123456789", "1234567890",
    "thisisasecret", "dummysecret", "testsecret", "devsecret", "defaultsecret", "huyingsecret",
    "请替换", "示例", "密钥",
)  # fmt: skip
"""Words from manuals and example files; they are compared without case, blanks and punctuation."""


def weakness(secret: str) -> str | None:
    """Why a secret is too weak, in words; None if it is strong enough."""
    return next(_weaknesses(secret), None)


def _weaknesses(secret: str) -> Iterator[str]:
    if len(secret) < SHORTEST:
        yield f"is too short: it has {len(secret)} characters, and needs at least {SHORTEST}"
    if len(set(secret)) < FEWEST_DIFFERENT:
        yield f"has only {len(set(secret))} different characters"
    if any(secret[period:] == secret[:-period] for period in range(1, len(secret) // 2 + 1)):
        yield "is a repetition of one part"
    plain = re.sub(r"[\W_]", "", secret.lower())
    if placeholder := next((words for words in _PLACEHOLDERS if words in plain), None):
        yield f"looks like an example ({placeholder!r} is in it)"


def _strong(secret: str) -> str:
    reason = weakness(secret)
    if reason:
        raise ValueError(reason)
    return secret


def _strong_if_set(secret: str) -> str:
    return _strong(secret) if secret else secret


Secret = Annotated[str, AfterValidator(_strong)]
SecretOrNone = Annotated[str, AfterValidator(_strong_if_set)]
"""A strong secret, or an empty string for none."""
