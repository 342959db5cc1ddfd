"""A row that moved on at its source continues the demand here; conflicts and changes here are reported."""

import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest

from deploy.importing import client
from deploy.importing.job import ImportResult, run
from shared.chassis.database.pool import Pool
from shared.contracts.demand import facts as f
from shared.contracts.demand.state import Service, Status
from tests.eventually import eventually
from tests.importing.conftest import quiet, read
from tests.importing.loop import Loop
from tests.importing.orders import Order, csv_file, hotline, order, rows

WAITING = {"工单状态": "待派单", "派单时间": "", "签收时间": "", "办结时间": "", "回访时间": "", "承办单位": "",
           "办理结果": "", "满意度": "", "是否解决": ""}  # fmt: skip
TO_BE_SIGNED = {"工单状态": "待签收", "签收时间": "", "办结时间": "", "回访时间": "", "办理结果": "", "满意度": "",
                "是否解决": ""}  # fmt: skip
IN_WORK = {"工单状态": "办理中", "办结时间": "", "回访时间": "", "办理结果": "", "满意度": "", "是否解决": ""}
RESOLVED = {"工单状态": "已办结", "回访时间": "", "满意度": "", "是否解决": ""}
ARCHIVED = RESOLVED | {"工单状态": "已归档"}
DECLINED = RESOLVED | {"工单状态": "不予受理", "办理结果": "不属于本区"}
WITHDRAWN = RESOLVED | {"工单状态": "已撤单", "办理结果": "来电人要求撤单"}
RATED: Order = {}
REFERENCE = "FS2021-000001"


class Hotline:
    """The monthly export of one work order in its states."""

    def __init__(self, intake: httpx.AsyncClient, folder: Path) -> None:
        self.intake, self.folder, self._n = intake, folder, 0

    async def export(self, *states: Order, dry_run: bool = False, **changes: Any) -> ImportResult:
        """Import a file with the order in this state, or in several states as separate rows."""
        self._n += 1
        file = csv_file(self.folder / f"{self._n}.csv", [order(1, **(state | changes)) for state in states])
        return await run(hotline(file, dry_run=dry_run), self.intake, quiet)


@pytest.fixture
def office(intake: httpx.AsyncClient, tmp_path: Path) -> Hotline:
    return Hotline(intake, tmp_path)


def counts(outcome: ImportResult) -> tuple[int, int, int, int, int]:
    """The numbers of new, known, continued, locally changed and refused rows."""
    tally = outcome.tally
    return tally.taken, tally.known, tally.moved_on, tally.went_on_here, outcome.refused


STATES = {
    "in work": [TO_BE_SIGNED, IN_WORK],
    "resolved": [IN_WORK, RESOLVED],
    "rated": [IN_WORK, RATED],
    "month by month": [WAITING, TO_BE_SIGNED, IN_WORK, RATED],
    "archived": [TO_BE_SIGNED, ARCHIVED],
    "declined when it was signed for": [IN_WORK, DECLINED],
    "withdrawn when it was dispatched": [TO_BE_SIGNED, WITHDRAWN | {"签收时间": ""}],
    "dispatched elsewhere than here": [WAITING, TO_BE_SIGNED | {"承办单位": "桂城街道办事处"}],
}


@pytest.mark.parametrize("states", STATES.values(), ids=list(STATES))
async def test_a_row_imported_in_steps_equals_one_imported_at_once(states: list[Order], office: Hotline, loop: Loop):
    for n, state in enumerate(states):
        outcome = await office.export(state)
        assert counts(outcome) == ((1, 0, 0, 0, 0) if n == 0 else (0, 0, 1, 0, 0))
        if n:
            added = len(await recorded(office, state)) - len(await recorded(office, states[n - 1]))
            assert outcome.tally.facts == added
        await loop.turn()
    facts = [step.type.removeprefix("demand.") for step in await recorded(office, states[-1])]
    story = await loop.story(REFERENCE)
    assert [name for name, _ in story if name in facts or name == "submitted"][-len(facts) :] == facts
    demand = await loop.demand(REFERENCE)
    assert not demand.history
    for service in Service:
        assert (await loop.demand(REFERENCE, service)).model_dump() == demand.model_dump()


async def recorded(office: Hotline, state: Order) -> Any:
    (demand,), _ = read(csv_file(office.folder / "whole.csv", [order(1, **state)]))
    return demand.history


async def test_the_same_row_and_an_earlier_state_of_it_are_known(office: Hotline, loop: Loop):
    for state in (IN_WORK, RATED):
        await office.export(state)
        await loop.turn()
    facts_before = len(loop.log)
    for state in (RATED, IN_WORK, TO_BE_SIGNED):
        assert counts(await office.export(state)) == (0, 1, 0, 0, 0)
    await loop.turn()
    assert len(loop.log) == facts_before


async def test_facts_already_recorded_by_policies_here_count_as_known(office: Hotline, loop: Loop):
    await office.export(RESOLVED)
    await loop.turn()
    assert (await loop.demand(REFERENCE)).outcome == "unrated"
    assert counts(await office.export(ARCHIVED)) == (0, 1, 0, 0, 0)


async def test_a_demand_changed_by_staff_here_is_not_touched_and_counted(office: Hotline, loop: Loop):
    await office.export(IN_WORK)
    await loop.turn()
    await loop.tell(Service.ROUTING, REFERENCE, f.DemandProgressed(by="陈", note="已到现场"))
    await loop.turn()
    for state in (RESOLVED, RATED):
        assert counts(await office.export(state)) == (0, 0, 0, 1, 0)
    await loop.turn()
    assert (await loop.demand(REFERENCE)).status is Status.IN_PROGRESS


async def test_a_rating_after_the_demand_was_closed_here_is_counted(office: Hotline, loop: Loop):
    await office.export(RESOLVED)
    await loop.turn()
    assert counts(await office.export(RATED)) == (0, 0, 0, 1, 0)


async def test_a_demand_changed_by_staff_meanwhile_is_not_touched(office: Hotline, loop: Loop):
    await office.export(IN_WORK)
    await loop.turn()
    await office.export(RATED)
    await loop.tell(Service.ROUTING, REFERENCE, f.DemandProgressed(by="陈", note="已到现场"))
    await loop.turn()
    demand = await loop.demand(REFERENCE)
    assert (demand.status, demand.history) == (Status.IN_PROGRESS, ())


@pytest.mark.parametrize(
    ("before", "now", "changes", "column", "words"),
    [
        (IN_WORK, RATED, {"诉求标题": "改过的标题"}, "诉求标题", "title 原为“路灯不亮”，现为“改过的标题”"),
        (IN_WORK, RATED, {"签收时间": "2021/03/01 12:00:00"}, "签收时间", "history.1.at was '2021-03-01T11"),
        (IN_WORK, RATED, {"承办单位": "桂城街道办事处"}, "承办单位", "was 'town-440605126000'"),
        (IN_WORK, IN_WORK, {"问题分类": "道路破损"}, "问题分类", "category was 'street-lighting'"),
        (IN_WORK, RATED, {"联系电话": "13900139000"}, "", "联系方式或隐去的号码"),
        (IN_WORK, RATED, {"来电时间": "2021/03/01 09:31:00"}, "来电时间", "occurred_at"),
        (RATED, RATED, {"满意度": "不满意"}, "满意度", "history.3.data.rating was '5', is '2'"),
        (IN_WORK, RESOLVED, {"所属镇街": "桂城街道"}, "所属村社区", "division was '440605126000'"),
    ],
)
async def test_a_contradiction_to_the_earlier_import_is_named_with_its_column(
    before: Order, now: Order, changes: Order, column: str, words: str, office: Hotline, loop: Loop
):
    await office.export(before)
    await loop.turn()
    outcome = await office.export(now, **changes)
    assert counts(outcome) == (0, 0, 0, 0, 1)
    assert outcome.errors
    (row,) = rows(outcome.errors)
    assert (row["列 column"] or "") == column
    assert words in row["原因 reason"]
    assert "imported before with other content (demand NH21-" in row["原因 reason"]


async def test_a_row_whose_earlier_steps_are_still_in_progress_is_sent_again(
    office: Hotline, loop: Loop, monkeypatch: pytest.MonkeyPatch
):
    async def meanwhile(_: float) -> None:
        await loop.turn()

    monkeypatch.setattr(client, "pause", meanwhile)
    await office.export(TO_BE_SIGNED)
    assert counts(await office.export(RATED)) == (0, 0, 1, 0, 0)
    await loop.turn()
    assert (await loop.demand(REFERENCE)).status is Status.CLOSED


async def test_a_row_whose_earlier_steps_never_arrive_is_refused_with_a_reason(
    office: Hotline, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(client, "GIVE_UP_AFTER", 0)
    await office.export(TO_BE_SIGNED)
    outcome = await office.export(RATED)
    assert counts(outcome) == (0, 0, 0, 0, 1)
    assert outcome.errors
    assert "尚未处理完" in rows(outcome.errors)[0]["原因 reason"]


async def test_the_same_row_in_two_concurrent_requests_is_recorded_once(office: Hotline, loop: Loop):
    await office.export(IN_WORK)
    await loop.turn()
    (demand,), _ = read(csv_file(office.folder / "whole.csv", [order(1)]))
    body = {"demands": [demand.model_dump(mode="json", exclude_defaults=True)]}
    pool, id = loop.pools[Service.INTAKE], (await loop.demand(REFERENCE)).id
    async with pool.acquire() as db, db.transaction():
        await db.execute("SELECT FROM demand WHERE id = $1 FOR UPDATE", id)
        requests = [asyncio.create_task(office.intake.post("/v1/imports", json=body)) for _ in range(2)]
        await eventually(lambda: waiting(pool), lambda count: count == 2)
    outcomes = await asyncio.gather(*requests)
    assert sorted(answer.json()["rows"][0]["became"] for answer in outcomes) == ["known", "moved-on"]
    await loop.turn()
    names = [name for name, _ in await loop.story(REFERENCE)]
    assert names == ["submitted", "routed", "accepted", "resolved", "confirmed", "closed"]


async def waiting(pool: Pool) -> int:
    """The number of requests that wait for a locked demand."""
    return int(await pool.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"))


async def test_a_number_that_occurs_twice_is_the_same_continued_or_refused(office: Hotline):
    assert counts(await office.export(RATED, RATED, IN_WORK)) == (1, 2, 0, 0, 0)
    other = RATED | {"工单编号": "FS2021-000002"}
    refused = await office.export(other, other | {"诉求标题": "另一件事"})
    assert counts(refused) == (1, 0, 0, 0, 1)
    assert refused.errors
    assert "此编号已在第 2 行出现" in rows(refused.errors)[0]["原因 reason"]
    assert "this number stands in line 2 too" in rows(refused.errors)[0]["原因 reason"]


async def test_a_dry_run_reports_like_the_real_run(
    intake: httpx.AsyncClient, loop: Loop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    async def meanwhile(_: float) -> None:
        await loop.turn()

    monkeypatch.setattr(client, "pause", meanwhile)
    started = [order(1, **IN_WORK), order(2, **IN_WORK), order(3, **IN_WORK), order(4), order(5, **RESOLVED)]
    await run(hotline(csv_file(tmp_path / "march.csv", started)), intake, quiet)
    await loop.turn()
    april = csv_file(
        tmp_path / "april.csv",
        [
            order(1),  # moved on
            order(2, 诉求标题="改过的标题"),  # contradicts
            order(3, **IN_WORK), order(4),  # known
            order(5),  # closed here as unrated
            order(6), order(6), order(6, 诉求标题="另一件事"),  # new, the same, contradicts
            order(7, 工单状态="飞了"),
            order(8, **TO_BE_SIGNED), order(8, **IN_WORK),  # new, further
        ],
    )  # fmt: skip
    before = await recorded_counts(loop)
    dry_outcome = await run(hotline(april, dry_run=True, errors=Path("tried.xlsx")), intake, quiet)
    assert await recorded_counts(loop) == before
    real_outcome = await run(hotline(april, errors=Path("done.xlsx")), intake, quiet)
    assert counts(dry_outcome) == counts(real_outcome) == (2, 3, 2, 1, 3)
    assert rows(Path("tried.xlsx")) == rows(Path("done.xlsx"))
    assert dry_outcome.good == real_outcome.good


async def recorded_counts(loop: Loop) -> tuple[int, int]:
    pool = loop.pools[Service.INTAKE]
    return await pool.fetchval("SELECT count(*) FROM journal"), await pool.fetchval("SELECT count(*) FROM submission")
