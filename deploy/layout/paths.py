"""Which service answers which path, as the shortest prefixes that tell the services apart; pure."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

ANY: Final = "any"
"""The owner of a path that every service answers alike, such as `/assets`."""
ROOT_OWNER: Final = "intake"
"""Whoever answers what nobody else does: the first page, and "there is no such page"."""


class PathsCollide(ValueError):
    """Two services, and not all of them, answer one path: no prefix can tell them apart."""


@dataclass(slots=True)
class _Node:
    below: dict[str, "_Node"] = field(default_factory=dict)
    owners: set[str] = field(default_factory=set)
    """Whoever has a route that ends here, or goes on with a part that varies."""

    def everybody(self) -> set[str]:
        """The owners of this and of all that is below."""
        return self.owners.union(*(node.everybody() for node in self.below.values()))


def prefixes(routes: Mapping[str, Iterable[str]]) -> dict[str, str]:
    """The owner of each prefix, from the paths that each service declares (`{…}` varies); `/` is in it. A request
    belongs to the longest prefix of whole segments, as in a Kubernetes ingress of `pathType: Prefix`.

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
    everybody = node.everybody()
    if len(everybody) == 1:
        yield path or "/", next(iter(everybody))
        return
    if node.owners == services:
        yield path, ANY
    elif node.owners and path:
        raise PathsCollide(
            f"{path} is answered by {' and '.join(sorted(node.owners))}; other services lie below it too"
        )
    for segment, below in node.below.items():
        if node.owners != services or below.everybody() != services:
            yield from _owned(below, f"{path}/{segment}", services)
