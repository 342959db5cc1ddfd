"""A tree of codes in which each node names its parent; the path to the root of each code is computed once."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Generic, Protocol, TypeVar


class Node(Protocol):
    """Anything with a code and the code of its parent."""

    @property
    def code(self) -> str: ...
    @property
    def parent(self) -> str | None: ...


N = TypeVar("N", bound=Node)


class Tree(Generic[N]):
    """A tree with fast look-ups; an unknown code has no ancestors."""

    def __init__(self, nodes: Iterable[N]) -> None:
        self._nodes: Mapping[str, N] = {node.code: node for node in nodes}
        self._paths = {code: tuple(self._climb(code)) for code in self._nodes}
        self._above = {code: frozenset(path) for code, path in self._paths.items()}

    def get(self, code: str) -> N | None:
        return self._nodes.get(code)

    def __iter__(self) -> Iterator[N]:
        return iter(self._nodes.values())

    def ancestors(self, code: str) -> tuple[str, ...]:
        """The code itself, its parent and so on, up to the root; empty for an unknown code."""
        return self._paths.get(code, ())

    def is_within(self, code: str, subtree: str) -> bool:
        return subtree in self._above.get(code, ())

    def leaves(self) -> tuple[N, ...]:
        parents = {node.parent for node in self}
        return tuple(node for node in self if node.code not in parents)

    def _climb(self, code: str) -> Iterator[str]:
        """The codes from a node to the root; it also ends at a cycle, so that a broken pack can be checked."""
        seen: set[str] = set()
        node = self._nodes.get(code)
        while node is not None and node.code not in seen:
            seen.add(node.code)
            yield node.code
            node = self._nodes.get(node.parent) if node.parent else None
