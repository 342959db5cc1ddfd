"""Each path belongs to one service, found by the shortest distinguishing prefixes."""

import asyncio
import re
from collections.abc import Mapping
from functools import lru_cache

import pytest

from deploy.layout.nginx import configuration
from deploy.layout.paths import ANY, PathsCollide, prefixes
from deploy.layout.product import declared_paths

SHARED = {"/assets/{name}", "/display", "/docs", "/openapi.json", "/livez", "/readyz"}


@lru_cache
def declared() -> dict[str, list[str]]:
    return asyncio.run(declared_paths())


def owner_of(path: str, owners: Mapping[str, str]) -> str:
    """Who answers a path, by the longest prefix of whole segments."""
    segments = path.strip("/").split("/")
    candidates = ("/" + "/".join(segments[:length]) for length in range(len(segments), 0, -1))
    return next((owners[prefix] for prefix in candidates if prefix in owners), owners["/"])


def filled(path: str) -> str:
    return re.sub(r"{[^}]*}", "x", path)


def test_every_route_of_a_service_is_sent_to_that_service():
    owners = prefixes(declared())
    answering = {
        (service, path): owner_of(filled(path), owners) for service, paths in declared().items() for path in paths
    }
    assert answering
    assert {place: owner for place, owner in answering.items() if owner not in (place[0], ANY)} == {}


def test_only_paths_that_every_service_answers_alike_belong_to_any():
    owners = prefixes(declared())
    of_any = {path for paths in declared().values() for path in paths if owner_of(filled(path), owners) == ANY}
    assert of_any >= SHARED
    for paths in declared().values():
        assert of_any <= set(paths)


def test_nginx_routes_like_the_ingress():
    owners = prefixes(declared())
    rules = re.findall(r"^    ~(\S+) (\w+);$", configuration(owners), re.MULTILINE)
    for paths in declared().values():
        for path in map(filled, paths):
            answering = next((service for pattern, service in rules if re.search(pattern, path)), "intake")
            wanted = owner_of(path, owners)
            assert answering == ("intake" if wanted == ANY else wanted), path


def test_the_longest_prefix_of_whole_segments_decides():
    owners = prefixes({"intake": ["/", "/v1/demands/{number}"], "routing": ["/desk", "/v1/cases/{number}/why"]})
    assert owners == {"/desk": "routing", "/v1/cases": "routing", "/v1/demands": "intake", "/": "intake"}
    assert owner_of("/desk/cases", owners) == "routing"
    assert owner_of("/deskchair", owners) == "intake"
    assert owner_of("/docs/cases/one", {"/docs": ANY, "/docs/cases": "routing", "/": "intake"}) == "routing"


@pytest.mark.parametrize(
    "routes",
    [
        {"intake": ["/demands/{number}"], "routing": ["/demands/{number}"], "feedback": []},
        {"intake": ["/demands/{number}"], "routing": ["/demands/{number}/rating"], "feedback": []},
    ],
)
def test_a_path_of_two_services_is_refused(routes: dict[str, list[str]]):
    with pytest.raises(PathsCollide, match=r"/demands is answered by intake and routing"):
        prefixes(routes)
