"""A character that no database keeps is nobody's fault but the sender's, wherever in an address it stands."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from deploy.cli.services import SERVICE_NAMES
from tests.api.fronts import front

PAGES = ("/board/demands/%00", "/board/demands?by=unit&key=%00", "/board?jurisdiction=%00", "/rate/%00")


def addresses(paths: Mapping[str, Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    """Every operation, with the character in its path, and in each argument."""
    for path, operations in paths.items():
        for method, operation in operations.items():
            yield method, re.sub(r"{\w+}", "%00", path)
            for one in operation.get("parameters", ()):
                if one["in"] == "query":
                    yield method, f"{re.sub(r'{format}', 'json', path)}?{one['name']}=%00"


@pytest.mark.parametrize("name", SERVICE_NAMES)
async def test_a_control_character_in_an_address_is_refused(database: str, name: str):
    async with front(name, database) as served:
        asked = [*addresses(served.web.openapi()["paths"]), *(("GET", page) for page in PAGES)]
        for method, address in asked:
            answer = await served.client.request(method, address, headers=served.opens)
            assert answer.status_code < 500, f"{method} {address}: {answer.text}"
