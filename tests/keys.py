"""Secrets for tests: no setting has one that could be used."""

from typing import Final

KEYS: Final = {
    "secret": "a secret of the tests, and of nobody else",
    "vault_key": "the tests' own vault key, kept nowhere",
}
