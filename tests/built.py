"""An API that is built once and used by many tests, each with a database of its own."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final, cast

from fastapi import FastAPI

from shared.chassis.database.pool import Pool
from shared.chassis.http.app import web_app
from shared.chassis.process.components import Api
from tests.eventually import ended
from tests.memory import Memory


class PoolOfTheTest:
    """Stands for the pool of the current test, in objects that are built before that test."""

    pool: Pool | None = None

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def call(*args: Any, **options: Any) -> Any:
            assert self.pool, f"pool.{name} after the test"
            return getattr(self.pool, name)(*args, **options)

        return call


TIMES: Final = 8
"""How often an API may be built. A cache that drops its state at every test would have it built for every test."""


@dataclass(slots=True)
class Built:
    """A service's API made by `build`; `beside` returns the state that belongs to its pool but is stored elsewhere."""

    service: str
    build: Callable[[Pool], Api]
    beside: Callable[[Pool], object] = lambda pool: None
    _pool: PoolOfTheTest = field(default_factory=PoolOfTheTest)
    _made: tuple[Api, FastAPI, Memory] | None = None
    _times: int = 0
    _beside: object = None
    """The state elsewhere at the time of building. The product drops it after many other pools and would then have two
    of it, so the API is built again."""

    @asynccontextmanager
    async def on(self, pool: Pool) -> AsyncIterator[FastAPI]:
        """The web application on this pool, and the tasks of the API; afterwards its state is as it was built."""
        self._pool.pool = pool
        if self._made is None or self.beside(cast(Pool, self._pool)) is not self._beside:
            self._made = self._build()
        api, web, memory = self._made
        tasks = [asyncio.create_task(task()) for task in api.tasks]
        # A task that is cancelled before its first step runs no cleanup code.
        await asyncio.sleep(0)
        try:
            yield web
        finally:
            await ended(*tasks)
            memory.restore()
            self._pool.pool = None

    def _build(self) -> tuple[Api, FastAPI, Memory]:
        self._times += 1
        assert self._times <= TIMES, "built for so many tests: what drops the state beside its pool?"
        pool = cast(Pool, self._pool)
        api, self._beside = self.build(pool), self.beside(pool)
        return api, web_app(self.service, api.routers, nowhere=api.nowhere), Memory.of(api, self._beside)
