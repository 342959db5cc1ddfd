"""Runs commands of `huying` in this process, as a person would type them."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
import typer
from typer.testing import CliRunner

from tests.keys import KEYS

Said = Callable[..., Awaitable[tuple[int, str]]]
"""Runs a command with these arguments; returns its exit code and output."""


def commands_of(app: typer.Typer, database: str, monkeypatch: pytest.MonkeyPatch) -> Said:
    """Runs the commands of a group against this database."""
    monkeypatch.setenv("DATABASE_URL", database)
    monkeypatch.setenv("HUYING_SECRET", str(KEYS["secret"]))

    async def run(*words: str) -> tuple[int, str]:
        result = await asyncio.to_thread(CliRunner().invoke, app, list(words))
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result.exit_code, result.output

    return run
