"""Group commit: requests that arrive during a database call are handled together by the next call."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from contextvars import Context
from typing import Final, Generic, TypeVar

from shared.chassis.database.pool import PASSING
from shared.contracts.refusals import Code, Refused

LONGEST: Final = 5000
"""The most questions that may wait; more are refused."""
CROWD: Final = 8
"""The fewest waiting questions for which a second call starts beside the first: for fewer, waiting is cheaper."""
Q = TypeVar("Q")
A = TypeVar("A")
T = TypeVar("T")
Asked = Sequence[tuple[Q, asyncio.Future[A]]]


class GroupCommit(Generic[T, Q, A]):
    """Collects questions and answers them in batches of at most `most`.

    `lend` gives the resource of a call, such as a connection. `handle` gets it with the questions of a batch, and
    returns their answers in order. A question waits only while a call is running. If a `CROWD` of questions waits, up
    to `abreast` calls run at a time: one prepares its batch while the database works on the other.
    """

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
        """The answer to this question; raises the fault of `handle` or `lend`, and `Refused` if too many wait."""
        if len(self._waiting) >= LONGEST:
            raise Refused(Code.UNAVAILABLE, "too many requests wait for the database", "请求过多，请稍后重试")
        answer: asyncio.Future[A] = asyncio.get_running_loop().create_future()
        self._waiting.append((question, answer))
        if not self._working or (len(self._working) < self._abreast and len(self._waiting) >= CROWD):
            self._start()
        return await answer

    def _start(self) -> None:
        # A context of its own: the log and trace context of the first caller must not apply to the others.
        self._working.add(asyncio.create_task(self._work(), context=Context()))

    async def _work(self) -> None:
        questions: Asked[Q, A] = ()
        try:
            async with self._lend() as lent:
                while questions := self._next():
                    await self._answer(lent, questions)
                # Leave before the resource is given back: a question that arrives meanwhile must start a new task.
                self._leave()
        except BaseException as fault:
            if asyncio.current_task() not in self._working:
                raise  # giving the resource back failed: no question is affected
            _fail(questions or self._next(), fault)
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

    async def _answer(self, lent: T, requests: Asked[Q, A]) -> None:
        """Answer all questions; raises only faults that pass: after those the lent resource may be broken."""
        try:
            answers = await self._handle(lent, [question for question, _ in requests])
        except Exception as fault:
            if isinstance(fault, PASSING):
                raise
            if len(requests) == 1:
                _fail(requests, fault)
            else:
                # Answer one by one, so that only the question that causes the fault fails.
                for pair in requests:
                    await self._answer(lent, [pair])
            return
        for (_, future), answer in zip(requests, answers, strict=True):
            if not future.done():  # it is done if the caller was cancelled
                future.set_result(answer)


def _fail(requests: Asked[Q, A], fault: BaseException) -> None:
    for _, future in requests:
        if not future.done():
            future.set_exception(fault)
