"""Keeps one child alive: starts it, waits until it is ready, starts it again when it ended, unless that is in vain."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from time import monotonic
from typing import Final

import httpx
import structlog

from deploy.local.child import Child
from deploy.local.state import Unusable

log = structlog.get_logger()
RESTART_AT_ONCE: Final = 75
POISONED: Final = 65
FIRST_PAUSE, LONGEST_PAUSE, STEADY_AFTER = 0.2, 5.0, 30.0
ANSWER_WITHIN: Final = 60.0


def _nothing(*_: object) -> None:
    return


@dataclass(slots=True)
class Keeper:
    """`before` runs ahead of every start, `after` until the child can be used, `ended` after every end.

    `given_up` is told of a child that ended for good: one that met too much poison would meet it again.
    """

    child: Child
    before: Callable[[], None] = _nothing
    after: Callable[[], Awaitable[None]] | None = None
    ended: Callable[[bool], None] = _nothing
    changed: Callable[[str, int], None] = _nothing
    given_up: Callable[[str, str], None] = _nothing
    ready_url: str | None = None
    restarts: int = 0
    _stopping: bool = False
    _task: "asyncio.Task[None] | None" = field(default=None)

    async def start(self) -> None:
        """Start it for the first time and begin to watch; raises `Unusable` when it does not get up."""
        self._stopping = False
        await self._start()
        self._task = asyncio.create_task(self._watch())

    async def _start(self) -> None:
        await asyncio.to_thread(self.before)
        await self.child.start()
        self.changed(self.child.program.name, self.child.pid)
        if self.after:
            await self._until(self.after())

    async def _until(self, usable: Awaitable[None]) -> None:
        """Wait until it is usable, it ends, or the time is over."""
        waiting = asyncio.ensure_future(usable)
        ending = asyncio.ensure_future(self.child.wait())
        done, pending = await asyncio.wait(
            {waiting, ending}, timeout=ANSWER_WITHIN, return_when=asyncio.FIRST_COMPLETED
        )
        for one in pending:
            one.cancel()
        if waiting in done:
            await waiting
            return
        self._give_up("ended at once" if ending in done else f"did not answer within {ANSWER_WITHIN:.0f} s")

    def _give_up(self, why: str) -> None:
        raise Unusable(f"{self.child.program.name} {why}; its last lines:\n{self.child.last_lines()}")

    async def _watch(self) -> None:
        pause = FIRST_PAUSE
        while True:
            started = monotonic()
            code = await self.child.wait()
            self.ended(False)
            if self._stopping:
                return
            if code == POISONED:
                self._leave_it()
                return
            log.warning("ended, starting it again", name=self.child.program.name, code=code)
            if monotonic() - started > STEADY_AFTER or code == RESTART_AT_ONCE:
                pause = FIRST_PAUSE
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)
            self.restarts += 1
            await self._start_again()

    def _leave_it(self) -> None:
        name = self.child.program.name
        log.error("met too much that it cannot handle; not started again before the next `make up`", name=name)
        self.given_up(name, "met too much that it cannot handle; see `huying dead-letters list`, then `make up` again")

    async def _start_again(self) -> None:
        try:
            await self._start()
        except (Unusable, OSError) as fault:
            log.warning("could not be started, trying again", name=self.child.program.name, cause=str(fault))

    async def until_ready(self, client: httpx.AsyncClient, within: float) -> None:
        """Return when its `/readyz` says yes; raises `Unusable` with its last words."""
        said = "nothing"
        deadline = monotonic() + within
        while self.ready_url and monotonic() < deadline:
            try:
                answer = await client.get(self.ready_url)
                if answer.status_code == 200:
                    return
                said = answer.text
            except httpx.HTTPError:
                pass
            await asyncio.sleep(0.1)
        if self.ready_url:
            self._give_up(f"was not ready within {within:.0f} s ({said})")

    async def stop(self) -> None:
        """End it for good."""
        self._stopping = True
        if self._task:
            # Between an end and the next start there is nobody to stop, but somebody about to start.
            alive = self.child.alive
            if not alive:
                self._task.cancel()
            clean = await self.child.stop()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            if not clean:
                log.warning("had to be killed", name=self.child.program.name)
            self.ended(alive and clean)
