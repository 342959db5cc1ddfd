"""Secrets for tests, since no setting has a default for a secret."""

from typing import Final

KEYS: Final = {
    "secret": "a secret of the tests, and of nobody else",
    "vault_key": "the tests' own vault key, kept nowhere",
}
