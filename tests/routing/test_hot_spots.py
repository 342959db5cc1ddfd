"""Common demands (共性需求) are found soon after they came, recorded once, and listed with their evidence."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from services.routing.assembled import demand_repository
from services.routing.hot_spots import queries
from services.routing.hot_spots.api import routes
from services.routing.hot_spots.detection import LEASE, Detection
from services.routing.hot_spots.domain import Bounds, Detector, HotSpot, Raised, must_announce
from services.routing.hot_spots.policies import HOT_SPOT, clustered_facts
from shared.chassis.aggregates.repository import Repositories
from shared.chassis.base.tokens import Tokens
from shared.chassis.consumer.delivery import Delivery
from shared.chassis.database.lease import Lease
from shared.chassis.database.pool import Connection, Pool, open_pool
from shared.chassis.http.app import web_app
from shared.chassis.work.timers import OnDue, Timers
from shared.contracts.demand import facts as f
from shared.contracts.demand.facts import RequestKind
from shared.contracts.numbers import number
from shared.identity.staff import StaffBearers
from shared.identity.staff_tokens import StaffTokens
from shared.masking.pieces import worded
from tests import story
from tests.chassis.conftest import Log, apply_records
from tests.packs import nanhai, shipped

TOKENS = Tokens("s" * 40)
TITLES = (
    "丽发新城小区附近建搅拌站噪音扰民",
    "投诉丽发新城小区附近的搅拌站",
    "丽发新城小区附近搅拌站噪音污染严重",
    "丽发新城小区附近的搅拌站粉尘扰民",
    "丽发新城小区附近搅拌站夜间施工",
    "举报丽发新城小区附近非法搅拌站",
    "丽发新城小区附近搅拌站什么时候搬走",
    "丽发新城小区附近的搅拌站灰尘太大",
    "请关停丽发新城小区附近的搅拌站",
    "丽发新城小区附近搅拌站还在施工",
)
OTHERS = ("路灯不亮", "老人食堂何时开放", "校车接送点没有雨棚", "公交线路调整建议", "小区电梯经常停运", "医保如何报销")
BOUNDS = Bounds(5, timedelta(days=14), 0.3)
HERE, NEXT_DOOR, OTHER_TOWN = "440605011001", "440605011004", "440605126222"


def raised_demand(n: int, title: str, *, days: float = 0, division: str = HERE, category: str = "noise") -> Raised:
    words = worded(title, "")
    pack = nanhai()
    at = story.AT + timedelta(days=days, minutes=n)
    divisions, subject = pack.ancestors(division), pack.category_ancestors(category)
    return Raised(UUID(int=n), str(n), divisions, subject, at, words, words.bigrams)


def detect(*demands: Raised) -> list[HotSpot]:
    detector = Detector(BOUNDS)
    return list({hot_spot.id: hot_spot for demand in demands if (hot_spot := detector.add(demand))}.values())


def test_enough_demands_about_one_matter_are_a_hot_spot():
    mixed = [title for pair in zip(TITLES[:6], OTHERS, strict=True) for title in pair]
    (hot_spot,) = detect(*(raised_demand(n, title) for n, title in enumerate(mixed, 1)))
    assert [demand.id.int for demand in hot_spot.demands] == [1, 3, 5, 7, 9, 11]
    assert (hot_spot.division, hot_spot.category) == (HERE, "noise")
    assert "搅拌站" in "".join(hot_spot.phrases)
    assert detect(*(raised_demand(n, title) for n, title in enumerate(TITLES[:4], 1))) == []


@pytest.mark.parametrize(
    "apart",
    [
        lambda n: {"days": n * 7.5},
        lambda n: {"division": OTHER_TOWN if n % 2 else HERE},
        lambda n: {"category": "taxes" if n % 2 else "noise"},
    ],
    ids=["slowly", "in two towns", "about two categories"],
)
def test_similar_texts_alone_make_no_hot_spot(apart: Any):
    assert detect(*(raised_demand(n, title, **apart(n)) for n, title in enumerate(TITLES[:6], 1))) == []


def test_demands_of_several_villages_make_a_hot_spot_of_their_town():
    villages = (raised_demand(n, title, division=NEXT_DOOR if n % 2 else HERE) for n, title in enumerate(TITLES[:6], 1))
    (hot_spot,) = detect(*villages)
    assert hot_spot.division == "440605011000"


def test_each_of_many_equal_demands_costs_the_same(monkeypatch: pytest.MonkeyPatch):
    comparisons: list[UUID] = []
    is_like = Detector._is_like

    def counted(detector: Detector, demand: Raised, other: Raised) -> bool:
        comparisons.append(demand.id)
        return is_like(detector, demand, other)

    monkeypatch.setattr(Detector, "_is_like", counted)
    (hot_spot,) = detect(*(raised_demand(n, TITLES[0], days=n / 1000) for n in range(1, 301)))
    assert len(hot_spot.demands) == 300
    assert comparisons.count(UUID(int=300)) <= comparisons.count(UUID(int=100)) <= 40


def test_a_hot_spot_stays_right_when_demands_leave_it():
    detector = Detector(BOUNDS)
    spots = [detector.add(raised_demand(n, TITLES[n % 10], days=n / 2)) for n in range(1, 200)]
    assert {hot_spot.id for hot_spot in spots if hot_spot} == {UUID(int=1)}
    assert len(detector.raised) <= 29
    detector.add(raised_demand(500, OTHERS[0], days=500))
    assert (len(detector.raised), detector.hot_spots, len(detector._having)) == (
        1,
        {},
        len(worded(OTHERS[0], "").bigrams),
    )


def test_a_hot_spot_is_recorded_when_found_and_each_time_it_has_doubled():
    assert [size for size in range(5, 40) if must_announce(size, {5: 0}.get(size, 5 if size <= 10 else 10))] == [
        5,
        10,
        *range(20, 40),
    ]


@dataclass(slots=True)
class Desk:
    """Routing's worker, the hot spots that it detects, and their list."""

    pool: Pool
    client: httpx.AsyncClient
    repository: Any
    detection: Detection
    now: datetime = story.AT
    log: Log = field(default_factory=Log)

    async def deliver(self, *titles: str, start: int = 1, **also: Any) -> None:
        delivery = Delivery(self.pool, Repositories.of(self.repository), "cluster", clock=lambda: self.now)
        for n, title in enumerate(titles, start):
            fact = story.SUBMISSION.model_copy(
                update={"number": number("NH", 2021, n), "title": title, "category": "noise", **also}
            )
            await apply_records(delivery, self.log.records(fact, key=UUID(int=n)))

    async def recorded(self) -> list[tuple[UUID, f.DemandClustered]]:
        due = Timers(self.pool, {HOT_SPOT: OnDue(self.repository, clustered_facts)}, lambda: self.now)
        while await due.run_some():
            pass
        rows = await self.pool.fetch(
            "SELECT aggregateid, payload FROM journal WHERE type = 'demand.clustered.v1' ORDER BY position"
        )
        return [(row["aggregateid"], f.DemandClustered.model_validate_json(row["payload"])) for row in rows]

    async def listed(
        self, unit: str = nanhai().coordinator, roles: tuple[str, ...] = (), **query: Any
    ) -> httpx.Response:
        claims = {"name": "李", "unit": unit, "roles": roles}
        headers = {"Authorization": f"Bearer {TOKENS.write('staff', claims)}"}
        return await self.client.get("/v1/hot-spots", params=query, headers=headers)


@pytest.fixture
async def desk(database: str) -> AsyncIterator[Desk]:
    async with await open_pool(database, "routing") as pool:
        detection = Detection(pool, shipped(), Lease(pool, LEASE), lambda: story.AT)
        web = web_app("routing", [routes(pool, shipped(), StaffBearers(pool, StaffTokens(TOKENS)))])
        async with httpx.AsyncClient(transport=httpx.ASGITransport(web), base_url="http://routing") as client:
            yield Desk(pool, client, demand_repository(shipped()), detection)


async def test_a_hot_spot_is_recorded_on_its_first_demand_with_evidence_and_again_when_it_has_doubled(desk: Desk):
    await desk.deliver(*TITLES[:5])
    assert await desk.detection.turn() == 5
    assert await desk.detection.turn() == 0
    ((key, fact),) = await desk.recorded()
    assert (key, fact.hot_spot, fact.demands) == (UUID(int=1), UUID(int=1), 5)
    assert fact.numbers == tuple(number("NH", 2021, n) for n in range(1, 6))
    await desk.deliver(*TITLES[5:9], start=6)
    await desk.detection.turn()
    assert len(await desk.recorded()) == 1
    await desk.deliver(TITLES[9], start=10)
    await desk.detection.turn()
    assert [fact.demands for _, fact in await desk.recorded()] == [5, 10]


async def test_demands_are_written_to_their_hot_spot_once(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    joined: list[list[int]] = []
    join = queries.join

    async def noted(db: Connection, members: Sequence[tuple[UUID, UUID]]) -> None:
        joined.append([demand.int for demand, _ in members])
        await join(db, members)

    monkeypatch.setattr(queries, "join", noted)
    await desk.deliver(*TITLES[:6])
    await desk.detection.turn()
    await desk.deliver(TITLES[6], start=7)
    await desk.detection.turn()
    await desk.detection.lease.give_up()
    heir = Detection(desk.pool, shipped(), Lease(desk.pool, LEASE), lambda: story.AT)
    await desk.deliver(TITLES[7], start=8)
    await heir.turn()
    assert joined == [[1, 2, 3, 4, 5, 6], [7], [8]]


async def test_another_process_goes_on_with_the_stored_hot_spots(desk: Desk):
    await desk.deliver(*TITLES[:3])
    await desk.detection.turn()
    await desk.detection.lease.give_up()
    heir = Detection(desk.pool, shipped(), Lease(desk.pool, LEASE), lambda: story.AT)
    await desk.deliver(*TITLES[3:5], start=4)
    assert await heir.turn() == 2
    ((_, fact),) = await desk.recorded()
    assert fact.demands == 5
    assert await desk.detection.turn() == 0, "the lease is another one's"


async def test_a_hot_spot_that_could_not_be_stored_is_found_again(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    await desk.deliver(*TITLES[:5])

    async def broken(*_: Any) -> None:
        raise ConnectionError("away")

    with monkeypatch.context() as patch:
        patch.setattr("services.routing.hot_spots.queries.join", broken)
        with pytest.raises(ConnectionError):
            await desk.detection.turn()
    assert await desk.recorded() == []
    assert await desk.detection.turn() == 5
    ((_, fact),) = await desk.recorded()
    assert fact.demands == 5


async def test_imported_history_and_confidential_reports_are_left_out(desk: Desk):
    await desk.deliver(*TITLES[:5], imported=True)
    await desk.deliver(*TITLES[5:10], start=6, kind=RequestKind.REPORT)
    assert await desk.detection.turn() == 0


async def test_hot_spots_are_listed_with_their_demands_for_the_coordinator(desk: Desk):
    await desk.deliver(*TITLES[:5])
    await desk.deliver("路灯不亮", start=20)
    await desk.detection.turn()
    (hot_spot,) = (await desk.listed()).json()["hot_spots"]
    assert (hot_spot["size"], hot_spot["division"], hot_spot["category"]) == (5, HERE, "noise")
    assert [demand["number"] for demand in hot_spot["demands"]] == [number("NH", 2021, n) for n in range(1, 6)]
    for unit, roles, status in (
        ("nh-tax", (), 403),
        ("nh-tax", ("head",), 403),
        ("nh-tax", ("auditor",), 200),
        (nanhai().coordinator, ("dispatcher",), 200),
        (nanhai().coordinator, ("clerk",), 200),
        (nanhai().coordinator, ("nobody-knows-this",), 403),
    ):
        assert (await desk.listed(unit, roles)).status_code == status, (unit, roles)
    page = (await desk.listed(limit=1)).json()
    assert (await desk.listed(limit=1, after=page["next"])).json()["hot_spots"] == []
