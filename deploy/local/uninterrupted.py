"""Cleanups that a further Ctrl-C does not cut short."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable
from contextlib import AsyncExitStack, asynccontextmanager


async def uninterrupted(cleanup: Awaitable[object]) -> None:
    """Run a cleanup to its end. A cancellation meanwhile is dropped: it asks for the end, which is coming."""
    task = asyncio.ensure_future(cleanup)
    while not task.done():
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.shield(task)
    await task


@asynccontextmanager
async def cleaned_up() -> AsyncIterator[AsyncExitStack]:
    """An exit stack whose callbacks run to their end."""
    stack = AsyncExitStack()
    try:
        yield stack
    finally:
        await uninterrupted(stack.aclose())
