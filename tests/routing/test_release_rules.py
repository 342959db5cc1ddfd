"""Automatic release of answers after a time, and answers that are never released."""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.routing.assembled import demand_repository
from services.routing.publications import queries
from services.routing.publications.queries import PUBLICATION
from services.routing.publications.timer import AGAIN, release_timer
from shared.chassis.base.clock import now
from shared.chassis.database.pool import Pool, open_pool
from shared.chassis.http.pagination import OLDEST
from shared.chassis.work.timers import Timers
from shared.contracts.demand import facts as f
from shared.contracts.demand.facts import RequestKind
from shared.contracts.event_types import parse
from shared.jurisdiction.jurisdictions import Jurisdictions
from shared.jurisdiction.loader import load_packs
from shared.jurisdiction.release import Consent, ReleaseBar, ReleaseRules, release_bar
from tests import story
from tests.chassis.conftest import envelope
from tests.packs import showing

AT_ONCE = "    consent: presumed\n    reviewed: false\n    delay_hours: 48\n    mask: [丽发新城]\n    source: x\n"
TOLD = "SELECT type, payload FROM journal WHERE type LIKE '%published%' ORDER BY position"
TEXT = "住丽发新城3栋502，电话13800138000，路面塌了"


def releasing(folder: Path, rules: str) -> Jurisdictions:
    """Nanhai with these rules for releases."""
    showing(folder, "category", "place")
    profile = folder / "nanhai" / "pack.yaml"
    text, count = re.subn(r"(?m)(^  release:.*\n)(?:    .*\n)+", rf"\1{rules}", profile.read_text("utf-8"))
    assert count == 1
    profile.write_text(text, "utf-8")
    return load_packs(folder, ("nanhai",))


@dataclass
class ReleaseHarness:
    """Routing with one database and one pack, and a clock that a test moves."""

    pool: Pool
    packs: Jurisdictions
    now: datetime

    async def deliver(self, *facts: f.Fact, key: UUID = story.ID) -> None:
        repository: Any = demand_repository(self.packs)
        async with self.pool.acquire() as db, db.transaction():
            work = await repository.load(db, [key], self.now)
            for fact in facts:
                sequence = work.state(key).version + 1 if fact.moves else None
                work.apply(envelope(fact, sequence, key, self.now)._replace(id=uuid4()))
            await repository.save(db, work)

    async def later(self, **time: float) -> list[f.Fact]:
        """Move the clock on, run the timers, and return the recorded facts."""
        self.now += timedelta(**time)
        timers = Timers(
            self.pool, {PUBLICATION: release_timer(demand_repository(self.packs), self.packs)}, lambda: self.now
        )
        while await timers.run_some():
            pass
        rows = await self.pool.fetch(TOLD)
        return [parse(row["type"], row["payload"]) for row in rows]


@pytest.fixture
async def harness(database: str, tmp_path: Path) -> AsyncIterator[ReleaseHarness]:
    """An harness whose pack releases two days after the answer."""
    async with await open_pool(database, "routing") as pool:
        yield ReleaseHarness(pool, releasing(tmp_path / "packs", AT_ONCE), now())


def answered(**changes: Any) -> tuple[f.Fact, ...]:
    submitted = story.SUBMISSION.model_copy(update={"title": "丽发新城路面塌陷", "text": TEXT} | changes)
    return submitted, *story.ACCEPTED[1:], f.DemandResolved(by="陈", result="已办", summary="已修复，丽发新城可通行")


async def test_an_answer_is_released_automatically_and_masked_after_its_time(harness: ReleaseHarness):
    await harness.deliver(*answered())
    assert await harness.later(hours=47) == []
    (fact,) = await harness.later(hours=2)
    assert isinstance(fact, f.DemandPublished)
    assert (fact.edition, fact.by, fact.policy) == (1, None, "nanhai: at once")
    assert (fact.title, fact.answer) == ("＊＊路面塌陷", "已修复，＊＊可通行")
    assert not [secret for secret in ("丽发新城", "13800138000", "502") if secret in fact.text]
    assert await harness.later(hours=999) == [fact]


@pytest.mark.parametrize(
    "facts",
    [
        [f.PublicationRefused()],
        [f.DemandReopened(reason="没有修好", rating=1)],
        [f.DemandUnpublished(edition=1, ground=f.UnpublishedFor.PRIVACY, reason="x", by="何")],
        [f.DemandPublished(edition=1, title="x", answer="y", policy="z", by="何")],
    ],
    ids=["refused", "reopened", "taken back", "released by hand"],
)
async def test_facts_before_its_time_prevent_the_release_of_an_answer(harness: ReleaseHarness, facts: list[f.Fact]):
    await harness.deliver(*answered())
    await harness.deliver(*facts)
    assert await harness.later(hours=999) == []


async def test_a_new_answer_after_a_reopening_is_released_as_a_correction(harness: ReleaseHarness):
    await harness.deliver(*answered())
    await harness.later(hours=49)
    answered_again = (f.DemandReopened(reason="又塌了"), story.ROUTED[1], f.DemandAccepted(by="陈"))
    await harness.deliver(*answered_again, f.DemandResolved(by="陈", result="x", summary="加固"))
    _, second = await harness.later(hours=49)
    assert isinstance(second, f.DemandPublished)
    assert (second.edition, second.reopenings, second.answer, second.correction) == (2, 1, "加固", AGAIN)


TAKEN_BACK = f.DemandUnpublished(edition=2, ground=f.UnpublishedFor.PRIVACY, reason="x", by="何")
NO_AND_YES = (f.PublicationRefused(), f.PublicationAllowed(refusals=1))


@pytest.mark.parametrize(
    ("consent", "released"),
    [
        ((TAKEN_BACK, *NO_AND_YES), False),
        ((f.PublicationRefused(), TAKEN_BACK, f.PublicationAllowed(refusals=1)), False),
        ((TAKEN_BACK, f.PublicationAllowed()), False),
        (NO_AND_YES, True),
    ],
    ids=["taken back, no, yes", "no, taken back, yes", "taken back, yes", "no, yes"],
)
@pytest.mark.parametrize("at_once", [True, False], ids=["one batch", "one by one"])
async def test_a_withdrawn_publication_is_not_released_automatically_after_a_consent(
    harness: ReleaseHarness, consent: tuple[f.Fact, ...], released: bool, at_once: bool
):
    await harness.deliver(*answered())
    await harness.later(hours=49)
    for batch in [consent] if at_once else [(fact,) for fact in consent]:
        await harness.deliver(*batch)
    assert await queries.count(harness.pool, "nanhai", None) == 1
    later_facts = await harness.later(hours=999)
    assert len(later_facts) == 1 + released
    assert await queries.count(harness.pool, "nanhai", None) == (not released)


async def test_an_answer_after_a_withdrawn_publication_is_not_released_automatically(harness: ReleaseHarness):
    await harness.deliver(*answered())
    await harness.later(hours=49)
    answered_again = (f.DemandReopened(reason="又塌了"), story.ROUTED[1], f.DemandAccepted(by="陈"))
    await harness.deliver(TAKEN_BACK, *answered_again, f.DemandResolved(by="陈", result="x", summary="加固"))
    assert len(await harness.later(hours=999)) == 1
    assert await queries.count(harness.pool, "nanhai", None) == 1


@pytest.mark.parametrize(
    "changes",
    [{"kind": RequestKind.REPORT}, {"may_publish": False}, {"imported": True}],
    ids=lambda changes: next(iter(changes)),
)
async def test_confidential_refused_and_imported_demands_are_never_released_automatically(
    harness: ReleaseHarness, changes: dict[str, Any]
):
    await harness.deliver(*answered(**changes))
    assert await harness.later(hours=999) == []
    assert await queries.count(harness.pool, "nanhai", None) == 0


async def test_waiting_answers_are_listed_page_by_page_with_the_oldest_first(harness: ReleaseHarness):
    for n in range(1, 6):
        harness.now += timedelta(minutes=1)
        await harness.deliver(*answered(number=f"NH21-00000{n}-X"), key=UUID(int=n))
    seen, cursor = [], OLDEST
    async with harness.pool.acquire() as db:
        while cursor:
            page, cursor = await queries.waiting(db, "nanhai", None, cursor, 2)
            seen += [row.id.int for row in page]
        assert await queries.waiting(db, "nanhai", ["another"], OLDEST, 2) == ([], None)
        assert (await queries.count(db, "nanhai", ["roads"]), await queries.count(db, "losangeles", None)) == (5, 0)
    assert seen == [1, 2, 3, 4, 5]


@pytest.mark.parametrize(
    ("rules", "changes", "refused", "bar"),
    [
        (None, {"may_publish": True}, False, ReleaseBar.NO_RULES),
        (Consent.ASKED, {}, False, ReleaseBar.NOT_ASKED),
        (Consent.ASKED, {"may_publish": True}, False, None),
        (Consent.ASKED, {"may_publish": True}, True, ReleaseBar.REFUSED),
        (Consent.PRESUMED, {}, False, None),
        (Consent.PRESUMED, {"may_publish": False}, False, ReleaseBar.REFUSED),
        (Consent.PRESUMED, {"may_publish": True, "kind": RequestKind.REPORT}, False, ReleaseBar.REPORT),
        (Consent.PRESUMED, {"kind": RequestKind.CONSULT}, False, ReleaseBar.KIND),
    ],
)
def test_a_release_is_barred_by_kind_citizen_and_rules(
    rules: Consent | None, changes: dict[str, Any], refused: bool, bar: ReleaseBar | None
):
    demand = story.demand(story.SUBMISSION.model_copy(update=changes))
    release_rules = ReleaseRules(consent=rules, never=(RequestKind.CONSULT,), source="x") if rules else None
    assert release_bar(release_rules, demand, refused) == bar
