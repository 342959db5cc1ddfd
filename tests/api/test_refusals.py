"""Whoever is refused, on any route of any service, is told what to change."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import httpx
import pytest

from deploy.cli.services import SERVICE_NAMES
from tests.api.fronts import front

UNKNOWN = {"id": "01a20a65-0068-7a5b-bc0f-eb1c0ce2a65c", "programme": "01a20a65-0068-7a5b-bc0f-eb1c0ce2a65c"}


def requests(paths: Mapping[str, Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    """Every operation on something that does not exist, and every path by a method that it has not."""
    for path, operations in paths.items():
        address = re.sub(r"{(\w+)}", lambda found: UNKNOWN.get(found[1], "NH21-001335-9"), path)
        yield from ((method, address) for method in (*operations, "patch"))


def explains(answer: httpx.Response) -> bool:
    """Whether a refusal names fields, rules and, in GeoReport's own form, all that in each description."""
    told = answer.json()
    if isinstance(told, list):
        return all(re.search(r"^[\w\[\].-]+: .*[\u4e00-\u9fff].* / ", error["description"], re.S) for error in told)
    return bool(told["errors"]) and all(e["field"] and e["detail"] and e["detail_en"] for e in told["errors"])


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("name", SERVICE_NAMES)
async def test_every_refusal_says_what_to_change(database: str, name: str, known: bool):
    async with front(name, database) as served:
        refused = 0
        for method, address in requests(served.web.openapi()["paths"]):
            answer = await served.client.request(method, address, headers=served.opens if known else {})
            if answer.status_code >= 400 and answer.headers["content-type"].partition(";")[0].endswith("json"):
                refused += 1
                assert explains(answer), f"{method} {address}: {answer.text}"
        assert refused
