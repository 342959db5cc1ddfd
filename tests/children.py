"""Processes that a test starts and kills."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


@asynccontextmanager
async def killed_at_the_end(*command: str) -> AsyncIterator[None]:
    """A process that must still run when it is killed at the end."""
    process = await asyncio.create_subprocess_exec(*command)
    try:
        yield
        assert process.returncode is None, "it ended by itself"
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
