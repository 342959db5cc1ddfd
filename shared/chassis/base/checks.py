"""What a process asks of itself: a check says in words what is wrong."""

from collections.abc import Awaitable, Callable

Check = Callable[[], Awaitable[str | None]]
