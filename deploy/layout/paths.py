"""Computes the shortest path prefixes that distinguish the services, for proxies that route by path."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

ANY: Final = "any"
"""The owner of a path that every service answers in the same way, such as `/assets`."""
ROOT_OWNER: Final = "intake"
"""The service that answers all other paths: the first page, and the 404 page."""


class PathsCollide(ValueError):
    """Several services, but not all, answer one path, so no prefix can distinguish them."""


@dataclass(slots=True)
class _Node:
    below: dict[str, "_Node"] = field(default_factory=dict)
    owners: set[str] = field(default_factory=set)
    """The services with a route that ends here, or continues with a path parameter."""

    def all_owners(self) -> set[str]:
        """The owners of this node and of all nodes below it."""
        return self.owners.union(*(node.all_owners() for node in self.below.values()))


def prefixes(routes: Mapping[str, Iterable[str]]) -> dict[str, str]:
    """The owner of each prefix, including `/`. `routes` holds the declared paths of each service, in which `{…}` is a
    parameter. A request belongs to the longest matching prefix of whole segments, like in a Kubernetes ingress with
    `pathType: Prefix`.

    Raises `PathsCollide`.
    """
    root = _Node()
    for service, paths in routes.items():
        for path in paths:
            _enter(root, path, service)
    by_prefix = {path: owner for path, owner in _owned(root, "", frozenset(routes)) if path != "/"}
    return dict(sorted(by_prefix.items())) | {"/": ROOT_OWNER}


def _enter(node: _Node, path: str, service: str) -> None:
    for segment in path.strip("/").split("/"):
        if not segment or "{" in segment:
            break
        node = node.below.setdefault(segment, _Node())
    node.owners.add(service)


def _owned(node: _Node, path: str, services: frozenset[str]) -> Iterator[tuple[str, str]]:
    all_owners = node.all_owners()
    if len(all_owners) == 1:
        yield path or "/", next(iter(all_owners))
        return
    if node.owners == services:
        yield path, ANY
    elif node.owners and path:
        raise PathsCollide(
            f"{path} is answered by {' and '.join(sorted(node.owners))}; other services lie below it too"
        )
    for segment, below in node.below.items():
        if node.owners != services or below.all_owners() != services:
            yield from _owned(below, f"{path}/{segment}", services)
