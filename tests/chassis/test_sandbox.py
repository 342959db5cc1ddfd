"""Work on data from strangers runs in a separate process with limits."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable

import pytest

from shared.chassis.sandbox.sandbox import Sandbox, Unfinished

ROOM = 2**30
Run = Callable[..., Sandbox]


@pytest.fixture
async def run() -> AsyncIterator[Run]:
    sandboxes: list[Sandbox] = []

    def begun(job: str, seconds: float = 60) -> Sandbox:
        sandboxes.append(Sandbox(f"tests.chassis.sandbox_jobs:{job}", seconds, ROOM))
        return sandboxes[-1]

    yield begun
    for sandbox in sandboxes:
        await sandbox.close()


async def test_a_job_uses_one_process_for_all_its_calls(run: Run):
    job = run("echo")
    answers = [await job(b"", b"x" * 1_000_000), await job(b"2"), await job(b"3")]
    assert [answer[:-1] for answer in answers] == [[b"", b"x" * 1_000_000], [b"2"], [b"3"]]
    (process,) = {int(answer[-1]) for answer in answers}
    assert process != os.getpid()


async def test_a_sandbox_process_has_none_of_our_secrets(run: Run, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HUYING_SECRET", "x" * 40)
    (names,) = await run("environment")(b"")
    assert (b"PYTHONPATH" in names, b"HUYING_SECRET" in names) == (True, False)


async def test_a_job_that_never_ends_is_killed(run: Run):
    job = run("endless", seconds=0.5)
    with pytest.raises(Unfinished):
        await job(b"")
    assert job._process is None


@pytest.mark.parametrize("job", ["greedy", "faulty"])
async def test_a_job_that_fails_or_needs_too_much_is_unfinished_and_the_next_call_works(run: Run, job: str):
    result = run(job)
    for _ in range(2):
        with pytest.raises(Unfinished) as fault:
            await result(b"told by a citizen")
        assert "citizen" not in str(fault.value)


async def test_the_result_of_an_abandoned_call_is_not_given_to_the_next(run: Run):
    job = run("late")
    await job(b"0", b"first")
    given_up = asyncio.create_task(job(b"0.5", b"given up"))
    await asyncio.wait({given_up}, timeout=0.1)
    given_up.cancel()
    await asyncio.gather(given_up, return_exceptions=True)
    assert await job(b"0", b"next") == [b"next"]
