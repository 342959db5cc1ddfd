"""Callers that come while a call is under way share the next one: one query, one commit for all of them."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from contextvars import Context
from typing import Final, Generic, TypeVar

from shared.chassis.database.pool import PASSING
from shared.contracts.refusals import Code, Refused

LONGEST: Final = 5000
CROWD: Final = 8
"""Questions that are worth a further call beside one that is under way: for fewer, its price is more than the wait."""
Q = TypeVar("Q")
A = TypeVar("A")
T = TypeVar("T")
Asked = Sequence[tuple[Q, asyncio.Future[A]]]


class GroupCommit(Generic[T, Q, A]):
    """`handle` answers many questions in order, with something lent, such as a connection, that is given back after
    the answers. A question waits for company only while a call is under way; where a `CROWD` waits, up to `abreast`
    calls are: one is prepared while the database has the other. More than `LONGEST` do not wait: they are refused."""

    def __init__(
        self,
        lend: Callable[[], AbstractAsyncContextManager[T]],
        handle: Callable[[T, Sequence[Q]], Awaitable[Sequence[A]]],
        most: int = 200,
        abreast: int = 1,
    ) -> None:
        self._lend, self._handle, self._most, self._abreast = lend, handle, most, abreast
        self._waiting: deque[tuple[Q, asyncio.Future[A]]] = deque()
        self._working: set[asyncio.Task[None]] = set()

    async def __call__(self, question: Q) -> A:
        """The answer to this question; raises what `handle` or `lend` raised, and `Refused` where too many wait."""
        if len(self._waiting) >= LONGEST:
            raise Refused(Code.UNAVAILABLE, "too many requests wait for the database", "请求过多，请稍后重试")
        answer: asyncio.Future[A] = asyncio.get_running_loop().create_future()
        self._waiting.append((question, answer))
        if not self._working or (len(self._working) < self._abreast and len(self._waiting) >= CROWD):
            self._start()
        return await answer

    def _start(self) -> None:
        # With a context of its own: what the first caller works on is not what the others do.
        self._working.add(asyncio.create_task(self._work(), context=Context()))

    async def _work(self) -> None:
        questions: Asked[Q, A] = ()
        try:
            async with self._lend() as lent:
                while questions := self._next():
                    await self._answer(lent, questions)
                # Before it is given back: a question that still found us working would wait for ever.
                self._leave()
        except BaseException as fault:
            if asyncio.current_task() not in self._working:
                raise  # what was raised by giving it back is nobody's answer
            _tell(questions or self._next(), fault)
            self._leave()
            if not isinstance(fault, Exception):
                raise
            if self._waiting and not self._working:
                self._start()

    def _leave(self) -> None:
        if task := asyncio.current_task():
            self._working.discard(task)

    def _next(self) -> Asked[Q, A]:
        if len(self._working) > 1 and len(self._waiting) < CROWD:
            return ()
        return [self._waiting.popleft() for _ in range(min(self._most, len(self._waiting)))]

    async def _answer(self, lent: T, asked: Asked[Q, A]) -> None:
        """Answer all; raises a fault that passes: what was lent may be broken by it."""
        try:
            answers = await self._handle(lent, [question for question, _ in asked])
        except Exception as fault:
            if isinstance(fault, PASSING):
                raise
            if len(asked) == 1:
                _tell(asked, fault)
            else:
                # The fault is one caller's; the others must not suffer for it.
                for one in asked:
                    await self._answer(lent, [one])
            return
        for (_, answer), answered in zip(asked, answers, strict=True):
            if not answer.done():  # the caller has not left
                answer.set_result(answered)


def _tell(asked: Asked[Q, A], fault: BaseException) -> None:
    for _, answer in asked:
        if not answer.done():
            answer.set_exception(fault)
