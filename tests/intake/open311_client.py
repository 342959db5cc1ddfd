"""Helpers that send requests of Open311 to intake and read the responses."""

import re
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4
from xml.etree import ElementTree as ET

import httpx

from services.intake.assembled import demand_repository
from shared.chassis.database.pool import Pool
from shared.contracts.demand import facts as f
from shared.contracts.demand.writers import WRITTEN_BY
from shared.contracts.envelope import Envelope
from tests.packs import shipped

V2 = "/open311/v2"
HERE = {"jurisdiction_id": "nanhai"}
PLACE = "440605126222"
LAMP = {"service_code": "street-lighting", "attribute[division]": PLACE, "description": "路灯不亮", **HERE}
STAMP = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")
SHAPE: dict[str, type] = {
    "service_request_id": str,
    "status": str,
    "status_notes": str,
    "service_name": str,
    "service_code": str,
    "requested_datetime": str,
    "updated_datetime": str,
    "address": str,
    "address_id": str,
}
"""The known and public fields of a request in Nanhai before it is routed and released."""


async def post(client: httpx.AsyncClient, key: str, **change: str | None) -> httpx.Response:
    form = {name: value for name, value in ({"api_key": key} | LAMP | change).items() if value is not None}
    return await client.post(f"{V2}/requests.json", data=form)


async def raised(client: httpx.AsyncClient, key: str, **change: str | None) -> str:
    answer = await post(client, key, **change)
    assert answer.status_code == 201, answer.text
    return str(answer.json()[0]["service_request_id"])


async def listed(client: httpx.AsyncClient, **query: str) -> list[dict[str, Any]]:
    answer = await client.get(f"{V2}/requests.json", params=HERE | query)
    assert answer.status_code == 200, answer.text
    return list(answer.json())


async def numbers(client: httpx.AsyncClient, **query: str) -> set[str]:
    return {row["service_request_id"] for row in await listed(client, **query)}


def errors(answer: httpx.Response, status: int) -> str:
    """The errors of a refusal, which must have the format of GeoReport."""
    assert answer.status_code == status, answer.text
    if answer.headers["content-type"] == "text/xml; charset=utf-8":
        root = ET.fromstring(answer.text)
        assert root.tag == "errors"
        assert all([child.tag for child in error] == ["code", "description"] for error in root)
        descriptions = [error.findtext("description", "") for error in root]
    else:
        assert answer.headers["content-type"] == "application/json; charset=utf-8"
        assert all(set(error) == {"code", "description"} for error in answer.json())
        descriptions = [error["description"] for error in answer.json()]
    assert descriptions
    assert all(any("\u4e00" <= character <= "\u9fff" for character in line) for line in descriptions), descriptions
    return "\n".join(descriptions)


async def hear(pool: Pool, number: str, *facts: f.Fact, at: datetime | None = None) -> None:
    """Deliver these facts of routing and feedback to intake's worker."""
    at = at or datetime.now(UTC)
    async with pool.acquire() as db, db.transaction():
        key: UUID = await db.fetchval("SELECT id FROM submission WHERE number = $1", number)
        repository = demand_repository(shipped())
        page = await repository.load(db, [key], at)
        for fact in facts:
            sequence = page.state(key).version + 1 if fact.moves else None
            page.apply(
                Envelope(
                    id=uuid4(), stream="demand", key=key, type=fact.wire_type(),
                    source=f"/services/{min(WRITTEN_BY[type(fact)])}",
                    subject=number, time=at, sequence=sequence, causation=None, correlation=None,
                    traceparent=None, imported=False, data=fact.model_dump_json(),
                )
            )  # fmt: skip
        await repository.save(db, page)


ROUTED = f.DemandRouted(unit="nh-education", rule="r", due_at=datetime(2031, 1, 1, tzinfo=UTC))
ACCEPTED = f.DemandAccepted(by="Chen")
RESOLVED = f.DemandResolved(by="Chen", result="called Mr Zou", summary="灯已修好")
REPORTED = {"attribute[kind]": "report", "description": "某厂偷排", "lat": "23.03", "long": "113.14"}


def an_update(key: str, number: str, **change: str) -> dict[str, str]:
    return HERE | {
        "api_key": key, "service_request_id": number, "update_id": "42", "status": "FIXED",
        "updated_datetime": "2026-11-24T10:00:00+08:00", "description": "修好了，电话13912345678",
    } | change  # fmt: skip
