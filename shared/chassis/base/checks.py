"""Checks that a process makes of itself; each returns a description of what is wrong."""

from collections.abc import Awaitable, Callable

Check = Callable[[], Awaitable[str | None]]
