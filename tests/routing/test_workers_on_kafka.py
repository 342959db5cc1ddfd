"""Workers that share the partitions are killed and suspended during a busy day: nothing is lost or recorded twice."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import UUID

import pytest
from aiokafka import AIOKafkaProducer

from shared.chassis.database.pool import open_pool
from shared.contracts.demand import facts as f
from tests.conftest import KAFKA, Server
from tests.eventually import eventually
from tests.routing.busy_district import District, Family
from tests.routing.case_harness import CaseHarness, Course
from tests.routing.deadline_harness import AT, DUE, PACK, SIGN, TOWN, short
from tests.routing.fleet_checks import check_district, check_leases, check_rest, check_topic
from tests.routing.worker_fleet import PATIENCE, WorkerFleet

pytestmark = [
    pytest.mark.faults,
    pytest.mark.kafka,
    pytest.mark.skipif(not KAFKA, reason="the embedded broker keeps no sessions that a stopped reader could lose"),
]
QUIET, BUSY, CHILDREN, FRESH = 24, 12, 3, 10
ENDS = ("resolved", "declined", "withdrawn")
SETTLED = ("routed", "triage")


def opening(due: datetime) -> datetime:
    """The time of a warning before a due time."""
    return PACK.due_times.warning(due, PACK.supervision.warning)


# The facts recorded about an untouched demand, by the time of the clock.
WARNED = (opening(SIGN), ["routed", "warned sign", "warned contact"])
SIGN_MISSED = (
    SIGN, [*WARNED[1], "missed sign", f"escalated sign to {TOWN}", "missed contact", f"escalated contact to {TOWN}"],
)  # fmt: skip
DUE_WARNED = (
    opening(DUE),
    [*SIGN_MISSED[1], *(f"escalated {stage} to {PACK.coordinator}" for stage in ("sign", "contact")), "warned resolve"],
)
DUE_MISSED = (DUE, [*DUE_WARNED[1], "missed resolve", f"escalated resolve to {TOWN}"])


@dataclass
class Scene:
    """Workers, the load on them, and demands that nobody touches."""

    fleet: WorkerFleet
    district: District
    broker: Server
    quiet: Sequence[UUID] = ()

    def clock_shows(self, at: datetime) -> None:
        self.district.harness.now = at
        self.fleet.clock_shows(at)

    async def goes_on(self) -> None:
        """Wait until more facts are recorded, so that the next action interrupts work in progress."""
        before = await self.district.facts()
        await eventually(self.district.facts, lambda facts: facts > before + 5, within=PATIENCE)

    async def quiet_ones_were_recorded(self, moment: tuple[datetime, list[str]]) -> None:
        """Wait until exactly these facts are recorded about each untouched demand."""

        async def recorded() -> Counter[str]:
            courses = await self.district.courses(self.quiet)
            return Counter(", ".join(recorded_texts(course)) for course in courses.values())

        await eventually(recorded, lambda counts: counts == {", ".join(moment[1]): len(self.quiet)}, within=PATIENCE)


def recorded_texts(course: Course) -> list[str]:
    """The facts of routing about a case as short texts, without those about similar cases."""
    own_facts = sorted(
        (fact for fact in (*course.steps, *course.notes) if fact.position), key=lambda fact: fact.position or 0
    )
    return [short(fact.fact) for fact in own_facts if not isinstance(fact.fact, f.DemandClustered)]


@pytest.fixture
async def scene(database: str, own_broker: Server, tmp_path: Path) -> AsyncIterator[Scene]:
    async with (
        await open_pool(database, "routing", size=24) as pool,
        CaseHarness(pool) as harness,
        AIOKafkaProducer(bootstrap_servers=own_broker.url) as producer,
    ):
        fleet = WorkerFleet(pool, database, own_broker.url, tmp_path)
        fleet.clock_shows(AT)
        try:
            yield Scene(fleet, District(harness, producer), own_broker)
        finally:
            await fleet.end()


async def test_killed_and_suspended_workers_lose_and_repeat_nothing(scene: Scene):
    fleet, district = scene.fleet, scene.district
    await fleet.start("0", "1")
    scene.quiet = await district.raises(QUIET)
    busy = await district.raises(BUSY)
    families = [Family(*(await district.raises(1)), await district.raises(CHILDREN), end) for end in ENDS]
    await fleet.are_shared_by("0", "1")
    await district.are(district.keys, "routed", within=PATIENCE)

    # The worker that sends the journal is killed and restarted at once, as a supervisor does.
    work = asyncio.gather(
        district.works_at_random(busy, 6), district.raises(FRESH), *(district.joins(family) for family in families)
    )
    await scene.goes_on()
    await fleet.kill(killed := await fleet.leader())
    scene.clock_shows(WARNED[0])
    await fleet.start(killed)
    await work
    await scene.quiet_ones_were_recorded(WARNED)

    # A worker is suspended for longer than its session timeout, while a third one starts.
    work = asyncio.gather(
        district.works_at_random(busy, 6), district.raises(FRESH), *(district.ends(family) for family in families)
    )
    await scene.goes_on()
    fleet.stop(stopped := await fleet.leader())
    scene.clock_shows(SIGN_MISSED[0])
    await fleet.start("2")
    await fleet.are_shared_by(*({"0", "1", "2"} - {stopped}))
    fleet.go_on()
    await work
    await fleet.are_shared_by("0", "1", "2")
    await scene.quiet_ones_were_recorded(SIGN_MISSED)
    for family in families:
        await district.are(family.children, "routed" if family.end == "withdrawn" else family.end, within=PATIENCE)

    # Of three workers one is killed and one suspended, while another one starts.
    work = asyncio.gather(district.works_at_random(busy, 6), district.raises(FRESH), district.is_judged(families[0]))
    await scene.goes_on()
    await fleet.kill(killed := await fleet.leader())
    fleet.stop(stopped := fleet.instances[0])
    scene.clock_shows(DUE_WARNED[0])
    await fleet.start("3")
    await fleet.are_shared_by(*({"0", "1", "2", "3"} - {killed, stopped}))
    fleet.go_on()
    await work
    await scene.quiet_ones_were_recorded(DUE_WARNED)
    scene.clock_shows(DUE_MISSED[0])
    await scene.quiet_ones_were_recorded(DUE_MISSED)
    await district.are([families[0].parent], "confirmed", within=PATIENCE)
    await district.are([families[0].children[0]], "routed", within=PATIENCE)

    await check_rest(fleet, district)
    await check_district(district)
    await check_leases(fleet)
    await check_topic(fleet)
