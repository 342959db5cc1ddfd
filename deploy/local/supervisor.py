"""Keeps one child alive: starts it, waits until it is ready, and starts it again when it ended or is not alive."""

import asyncio
import contextlib
import signal
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from time import monotonic
from typing import Final

import structlog

from deploy.local.health import Health, first_unhealthy
from deploy.local.liveness import LOOK_EVERY, Backoff, Liveness
from deploy.local.process import ManagedProcess
from deploy.local.state import Unusable

log = structlog.get_logger()
RESTART_AT_ONCE: Final = 75
POISONED: Final = 65
MISCONFIGURED: Final = 78
ANSWER_WITHIN: Final = 60.0
LEAVE_WITHIN: Final = 5.0
"""Seconds for a dead child to stop before it is killed."""


def _ended(code: int) -> str:
    """How a child ended, as the terminal and the doctor say it."""
    if code == RESTART_AT_ONCE:
        return "it ended to start again: the broker was replaced"
    return f"it ended by {_signal(-code)}" if code < 0 else f"it ended with code {code}"


def _signal(number: int) -> str:
    """The name of a signal; most real-time signals have none."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _nothing(*_: object) -> None:
    return


@dataclass(slots=True)
class Supervisor:
    """Keeps one child process running.

    `before` runs before every start, `after` waits until the child can be used, `ended` runs after every end. `alive`
    checks a running child, and returns what is wrong. `given_up` is called for a child that is not started again: after
    too many dead letters it would fail again. `restarted` is called with the reason of each restart.
    """

    child: ManagedProcess
    before: Callable[[], None] = _nothing
    after: Callable[[], Awaitable[None]] | None = None
    ended: Callable[[bool], None] = _nothing
    changed: Callable[[str, int], None] = _nothing
    given_up: Callable[[str, str], None] = _nothing
    restarted: Callable[[str, str], None] = _nothing
    ready: Sequence[Health] = ()
    alive: Callable[[], Awaitable[str | None]] | None = None
    liveness: Liveness = field(default_factory=Liveness)
    look_every: float = LOOK_EVERY
    restarts: int = 0
    _stopping: bool = False
    _killed: str = ""
    _last_words: str = ""
    _tasks: "list[asyncio.Task[None]]" = field(default_factory=list)

    async def start(self) -> None:
        """Start the child and begin to watch it; raises `Unusable` if it does not start."""
        self._stopping = False
        try:
            await self._start()
        except BaseException:
            await self.child.stop(LEAVE_WITHIN)
            self.ended(False)
            raise
        self._tasks = [asyncio.create_task(self._watch())]
        if self.alive:
            self._tasks.append(asyncio.create_task(self._look_after(self.alive)))

    async def _start(self) -> None:
        await asyncio.to_thread(self.before)
        await self.child.start()
        self.changed(self.child.program.name, self.child.pid)
        if self.after:
            await self._until(self.after())

    async def _until(self, usable: Awaitable[None]) -> None:
        """Wait until the child is usable; raises `Unusable` if it ends or the time is over."""
        waiting = asyncio.ensure_future(usable)
        ending = asyncio.ensure_future(self.child.wait())
        tasks = {waiting, ending}
        try:
            done, _ = await asyncio.wait(tasks, timeout=ANSWER_WITHIN, return_when=asyncio.FIRST_COMPLETED)
        finally:  # also when the start is cancelled
            for task in tasks:
                task.cancel()
        if ending in done:  # if something has answered, it was another program
            self._give_up("ended at once")
        if waiting not in done:
            self._give_up(f"did not answer within {ANSWER_WITHIN:.0f} s")
        try:
            await waiting
        except Unusable as fault:
            self._give_up(f"cannot be used: {fault}")

    def _give_up(self, why: str) -> None:
        # A child that restarts repeatedly may not have written anything in this run: show the lines of the last one.
        words = self.child.last_lines() or self._last_words
        last = f"its last lines:\n{words}" if words else f"it wrote nothing into {self.child.log_path}"
        raise Unusable(f"{self.child.program.name} {why}; {last}")

    async def _watch(self) -> None:
        backoff = Backoff()
        while True:
            started = monotonic()
            code = await self.child.wait()
            self._last_words = self.child.last_lines() or self._last_words
            self.ended(False)
            if self._stopping:
                return
            if code == POISONED:
                self._leave_it()
                return
            why, self._killed = self._killed or _ended(code), ""
            killed = not why.startswith("it ended")
            pause = backoff.after(monotonic() - started, on_request=code == RESTART_AT_ONCE, killed=killed)
            log.warning(f"{why}: starting it again in {pause:.1f} s", process=self.child.program.name)
            await asyncio.sleep(pause)
            self.restarts += 1
            self.restarted(self.child.program.name, why)
            await self._start_again()

    async def _look_after(self, alive: Callable[[], Awaitable[str | None]]) -> None:
        """Stop a running child that is not alive; `_watch` starts it again."""
        while True:
            await asyncio.sleep(self.look_every)
            pid = self.child.pid
            if not self.child.alive:
                continue
            wrong = await alive()
            if pid == self.child.pid and self.child.alive and self.liveness.is_over(pid, wrong, monotonic()):
                self._killed = f"it is not alive: {wrong}"
                log.error(f"is not alive, ending it: {wrong}", process=self.child.program.name)
                await self.child.stop(LEAVE_WITHIN)

    def _leave_it(self) -> None:
        name = self.child.program.name
        log.error("met too much that it cannot handle; not started again before the next `make up`", process=name)
        self.given_up(name, "met too much that it cannot handle; see `huying dead-letters list`, then `make up` again")

    async def _start_again(self) -> None:
        try:
            await self._start()
        except (Unusable, OSError) as fault:
            log.warning("could not be started, trying again", process=self.child.program.name, cause=str(fault))

    async def until_ready(self, within: float) -> None:
        """Return when `/readyz` succeeds at all its places; raises `Unusable` with its last output."""
        deadline, wrong = monotonic() + within, None
        while wrong := await first_unhealthy(self.ready, "/readyz"):
            code = self.child.process.returncode if self.child.process else None
            if code == MISCONFIGURED:
                self._give_up("cannot work with its settings")
            if monotonic() > deadline:
                self._give_up(f"was not ready within {within:.0f} s ({wrong})")
            await asyncio.sleep(0.1)

    async def stop(self) -> None:
        """End it for good."""
        self._stopping = True
        if not self._tasks:
            return
        watching, *looking = self._tasks
        for task in looking:
            task.cancel()
        # Between an end and the next start there is no child to stop, but `_watch` is about to start one.
        alive = self.child.alive
        if not alive:
            watching.cancel()
        clean = await self.child.stop()
        for task in self._tasks:
            with contextlib.suppress(asyncio.CancelledError):
                await task
        if not clean:
            log.warning("had to be killed", process=self.child.program.name)
        self.ended(alive and clean)
