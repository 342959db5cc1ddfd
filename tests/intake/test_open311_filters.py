"""Open311: filters by service, status and time, and invalid arguments."""

from datetime import UTC, datetime, timedelta

import httpx
import pytest

from shared.chassis.database.pool import Pool
from shared.contracts.demand import facts as f
from tests.intake.open311_client import ACCEPTED, HERE, RESOLVED, ROUTED, V2, errors, hear, listed, numbers, raised


async def test_requests_are_filtered_by_service_and_status(client: httpx.AsyncClient, key: str, pool: Pool):
    lamp, road = await raised(client, key), await raised(client, key, service_code="road-damage")
    await hear(pool, road, ROUTED, ACCEPTED, RESOLVED)
    assert await numbers(client, service_code="road-damage") == {road}
    assert await numbers(client, service_code="road-damage,street-lighting") == {lamp, road}
    assert await numbers(client, status="open") == {lamp}
    assert await numbers(client, status="closed") == {road}
    assert await numbers(client, status="open,closed") == {lamp, road}
    assert await numbers(client, status="", service_code="", start_date="", end_date="", page="", extensions="") == {
        lamp, road,
    }  # fmt: skip
    errors(await client.get(f"{V2}/requests.json", params=HERE | {"service_code": "no-such"}), 404)


async def test_a_corrected_category_is_another_service(client: httpx.AsyncClient, key: str, pool: Pool):
    number = await raised(client, key)
    await hear(pool, number, ROUTED, f.DemandReclassified(category="road-damage", by="Li", reason="x"))
    (row,) = await listed(client, service_code="road-damage")
    assert (row["service_request_id"], row["service_code"]) == (number, "road-damage")
    assert await listed(client, service_code="street-lighting") == []


async def test_a_window_is_ninety_days_long_at_most(client: httpx.AsyncClient, key: str, pool: Pool):
    old, new = await raised(client, key), await raised(client, key)
    async with pool.acquire() as db:
        await db.execute(
            "UPDATE demand_listing SET submitted_at = $2 WHERE number = $1", old, datetime(2021, 5, 10, 2, tzinfo=UTC)
        )
    assert await numbers(client) == {new}
    assert await numbers(client, start_date="2021-05-01T00:00:00Z") == {old}
    assert await numbers(client, end_date="2021-05-10T10:00:00+08:00") == {old}
    assert await numbers(client, start_date="2021-05-10T10:00:01+08:00", end_date="2021-06-01T00:00:00Z") == set()
    window = {"start_date": "2021-05-10T02:00:00Z", "end_date": "2021-08-08T02:00:00Z"}
    assert await numbers(client, **window) == {old}
    for path in ("requests.json", "servicerequestupdates.json"):
        too_long = HERE | window | {"end_date": "2021-08-08T02:00:01Z"}
        assert "90" in errors(await client.get(f"{V2}/{path}", params=too_long), 400)


@pytest.mark.parametrize(
    ("place", "morning", "midnight"),
    [("nanhai", "2021-05-09T16:00:00+00:00", "2021-05-10T15:59:59.999+00:00"),
     ("losangeles", "2021-05-10T07:00:00+00:00", "2021-05-11T06:59:59.999+00:00")],
)  # fmt: skip
async def test_a_date_without_a_time_is_a_day_of_the_jurisdiction(
    client: httpx.AsyncClient, key: str, pool: Pool, place: str, morning: str, midnight: str
):
    there = {"service_code": "bulky-items", "attribute[division]": "la"} if place == "losangeles" else {}
    form = {"jurisdiction_id": place} | there
    first, last, before, after = [await raised(client, key, **form) for _ in range(4)]
    at = {first: datetime.fromisoformat(morning), last: datetime.fromisoformat(midnight)}
    at |= {before: at[first] - timedelta(seconds=1), after: at[last] + timedelta(seconds=1)}
    async with pool.acquire() as db:
        for number, moment in at.items():
            await db.execute(
                "UPDATE demand_listing SET submitted_at = $2, updated_at = $2 WHERE number = $1", number, moment
            )
    for query in (("start_date", "end_date"), ("updated_after", "updated_before")):
        day = dict.fromkeys(query, "2021-05-10")
        assert await numbers(client, jurisdiction_id=place, **day) == {first, last}
    assert await numbers(client, jurisdiction_id=place, start_date="2021-05-10") == {first, last, after}
    assert await numbers(client, jurisdiction_id=place, end_date="2021-05-10") == {first, last, before}
    long = {"start_date": "2021-02-09", "end_date": "2021-05-10"}  # 90 days by the calendar, across a change of clocks
    assert await numbers(client, jurisdiction_id=place, **long) == {first, last, before}


async def test_an_unescaped_plus_in_a_time_is_accepted(client: httpx.AsyncClient):
    answer = await client.get(f"{V2}/requests.json?jurisdiction_id=nanhai&start_date=2021-05-01T00:00:00+08:00")
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize("path", ["services.xml", "services/street-lighting.json", "requests.xml", "requests/x.json",
                                  "tokens/x.xml", "servicerequestupdates.json"])  # fmt: skip
async def test_an_unknown_argument_is_named_with_the_known_ones(client: httpx.AsyncClient, path: str):
    for name in ("lat", "radius", "Status", "agency_responsible", "x" * 300):
        reasons = errors(await client.get(f"{V2}/{path}", params=HERE | {name: "1"}), 400)
        assert f"{name[:64]}: 没有此参数，可用：" in reasons
        assert "jurisdiction_id" in reasons
    repeated_argument = errors(await client.get(f"{V2}/{path}", params=HERE | {f"q{n}": "1" for n in range(500)}), 400)
    assert len(repeated_argument) < 3000


async def test_common_arguments_of_real_clients_are_accepted_everywhere(client: httpx.AsyncClient, key: str):
    number = await raised(client, key)
    for path in ("services.xml", "services/street-lighting.json", "requests.xml", f"requests/{number}.json",
                 "servicerequestupdates.json"):  # fmt: skip
        query = HERE | {"api_key": key, "locale": "zh", "unheard_of": ""}
        assert (await client.get(f"{V2}/{path}", params=query)).status_code == 200


@pytest.mark.parametrize(
    ("query", "argument"),
    [
        ({"start_date": "yesterday"}, "start_date"),
        ({"start_date": "20261101"}, "start_date"),
        ({"start_date": "2021-05-01T00:00:00"}, "start_date"),
        ({"start_date": "0001-01-01T00:00:00+14:00"}, "start_date"),
        ({"end_date": "9999-12-31T23:59:59-14:00"}, "end_date"),
        ({"end_date": "0001-01-01T00:00:00Z"}, "end_date"),
        ({"start_date": "2021-05-02T00:00:00Z", "end_date": "2021-05-01T00:00:00Z"}, "end_date"),
        ({"start_date": "2021-05-01 00:00:00"}, "start_date: 应为日期（如 2026-11-01）"),
        ({"start_date": "2021-02-30"}, "start_date"),
        ({"end_date": "9999-12-31"}, "end_date: 应在 1970 年至 2200 年之间"),
        ({"updated_before": "0001-01-01"}, "updated_before: 应在 1970 年至 2200 年之间"),
        ({"updated_after": "9999-12-31"}, "updated_after: 应在 1970 年至 2200 年之间"),
        ({"start_date": "2021-05-01", "end_date": "2021-07-31"}, "end_date: 时间跨度不得超过 90 天"),
        ({"status": "pending"}, "status"),
        ({"status": "Open"}, "open, closed or both, in lower case (open,closed)"),
        ({"status": "open,CLOSED"}, "只能是 open 或 closed（小写）"),
        ({"page": "0"}, "page"),
        ({"page": "9" * 40}, "page"),
        ({"page_size": "1001"}, "page_size"),
        ({"updated_after": "\u0000"}, "updated_after"),
        ({"updated_after": "2021-05-02T00:00:00Z"}, "updated_after"),
        ({"updated_after": "2021-05-02T00:00:00Z", "updated_before": "2021-05-01T00:00:00Z"}, "updated_before"),
        ({"page": "101"}, "page"),
        ({"extensions": "perhaps"}, "extensions"),
        ({"service_code": "x" * 40_001}, "service_code"),
        ({"service_request_id": ",".join(map(str, range(1001)))}, "service_request_id"),
        ({"service_code": ",".join(map(str, range(1001)))}, "service_code: 最多"),
    ],
    ids=str,
)
async def test_an_invalid_filter_is_named(client: httpx.AsyncClient, query: dict[str, str], argument: str):
    for suffix in ("xml", "json"):
        assert argument in errors(await client.get(f"{V2}/requests.{suffix}", params=HERE | query), 400)
