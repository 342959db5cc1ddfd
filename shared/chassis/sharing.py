"""Callers that come while a call is under way share the next one: one query, one commit for all of them."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, Generic, TypeVar

from shared.chassis.database import PASSING
from shared.contracts.refusals import Code, Refused

LONGEST: Final = 5000
CROWD: Final = 8
"""Questions that are worth a further call beside one that is under way: for fewer, its price is more than the wait."""
Q = TypeVar("Q")
A = TypeVar("A")


class Shared(Generic[Q, A]):
    """`handle` answers many questions in order. A question waits for company only while a call is under way; where a
    `CROWD` waits, up to `abreast` calls are: one is prepared while the database has the other. More than `LONGEST` do
    not wait: they are refused."""

    def __init__(
        self, handle: Callable[[Sequence[Q]], Awaitable[Sequence[A]]], most: int = 200, abreast: int = 1
    ) -> None:
        self._handle, self._most, self._abreast = handle, most, abreast
        self._waiting: deque[tuple[Q, asyncio.Future[A]]] = deque()
        self._working: set[asyncio.Task[None]] = set()

    async def __call__(self, question: Q) -> A:
        """The answer to this question; raises what `handle` raised, and `Refused` where too many wait."""
        if len(self._waiting) >= LONGEST:
            raise Refused(Code.UNAVAILABLE, "too many requests wait for the database", "请求过多，请稍后重试")
        answer: asyncio.Future[A] = asyncio.get_running_loop().create_future()
        self._waiting.append((question, answer))
        if not self._working or (len(self._working) < self._abreast and len(self._waiting) >= CROWD):
            self._working.add(asyncio.create_task(self._work()))
        return await answer

    async def _work(self) -> None:
        while self._waiting and (len(self._working) == 1 or len(self._waiting) >= CROWD):
            await self._answer([self._waiting.popleft() for _ in range(min(self._most, len(self._waiting)))])
        # At once: a question that still found us working would wait for ever.
        if (task := asyncio.current_task()) is not None:
            self._working.discard(task)

    async def _answer(self, asked: Sequence[tuple[Q, "asyncio.Future[A]"]]) -> None:
        (found,) = await asyncio.gather(self._handle([question for question, _ in asked]), return_exceptions=True)
        if isinstance(found, BaseException) and len(asked) > 1 and not isinstance(found, PASSING):
            # The fault is one caller's; the others must not suffer for it.
            for one in asked:
                await self._answer([one])
            return
        for n, (_, answer) in enumerate(asked):
            if answer.done():  # the caller has left
                continue
            if isinstance(found, BaseException):
                answer.set_exception(found)
            else:
                answer.set_result(found[n])
