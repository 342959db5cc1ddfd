"""Resets the state of an API, so that one API serves many tests and each finds it as it was built.

All our objects are inspected, so that new state is reset without a change here. Packs only cache what follows from
their files, and are not changed.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import _lru_cache_wrapper, partial
from types import FunctionType, MethodType
from typing import Any, Final

from fastapi import APIRouter
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from pydantic import BaseModel

OURS: Final = ("services.", "shared.")
UNCHANGED: Final = ("shared.jurisdiction.",)
Container = dict[Any, Any] | list[Any] | set[Any] | deque[Any]


@dataclass(slots=True)
class Memory:
    """A snapshot of the state of some objects and everything they hold."""

    _attributes: list[tuple[Any, dict[str, Any]]] = field(default_factory=list)
    _contents: list[tuple[Container, Container]] = field(default_factory=list)
    _events: list[tuple[asyncio.Event, bool]] = field(default_factory=list)
    _caches: list[Any] = field(default_factory=list)

    @classmethod
    def of(cls, *roots: object) -> "Memory":
        """A snapshot of these objects and all objects that can be reached from them."""
        memory = cls()
        for part in _held(roots):
            memory._keep(part)
        return memory

    def _keep(self, part: Any) -> None:
        if isinstance(part, dict | list | set | deque):
            self._contents.append((part, part.copy()))
        elif isinstance(part, asyncio.Event):
            self._events.append((part, part.is_set()))
        elif isinstance(part, _lru_cache_wrapper):
            self._caches.append(part)
        elif _is_ours(part):
            self._attributes.append((part, _attributes(part)))

    def restore(self) -> None:
        """Restore the snapshot."""
        for part, before in self._attributes:
            present = _attributes(part)
            for name in present.keys() - before.keys():
                object.__delattr__(part, name)
            for name, value in before.items():
                if name not in present or present[name] is not value:
                    object.__setattr__(part, name, value)
        for container, content in self._contents:
            if container != content:
                _refill(container, content)
        for event, was_set in self._events:
            (event.set if was_set else event.clear)()
        for cache in self._caches:
            cache.cache_clear()


def _refill(container: Any, content: Any) -> None:
    container.clear()
    (container.extend if isinstance(container, list | deque) else container.update)(content)


def _held(roots: Iterable[object]) -> Iterator[object]:
    """These objects and all that can be reached from them, each once."""
    waiting, seen = list(roots), dict[int, object]()
    while waiting:
        part = waiting.pop()
        if id(part) not in seen:
            seen[id(part)] = part
            yield part
            waiting.extend(_parts(part))


def _parts(part: Any) -> Iterable[object]:
    """The objects that this one refers to; none if it never changes or is not ours."""
    for kind, parts in _BY_KIND.items():
        if isinstance(part, kind):
            return parts(part)
    return _attributes(part).values() if _is_ours(part) else ()


def _of_function(function: FunctionType) -> Iterable[object]:
    cells = function.__closure__ or ()
    yield from (cell.cell_contents for cell in cells)
    yield from function.__defaults__ or ()
    yield from (function.__kwdefaults__ or {}).values()


_BY_KIND: Final[Mapping[Any, Callable[[Any], Iterable[object]]]] = {
    dict: lambda it: it.values(),
    (list, tuple, set, frozenset, deque): lambda it: it,
    FunctionType: _of_function,
    MethodType: lambda it: (it.__self__, it.__func__),
    partial: lambda it: (it.func, *it.args, *it.keywords.values()),
    APIRouter: lambda it: it.routes,
    APIRoute: lambda it: (it.dependant, getattr(it, "answer", None)),
    Dependant: lambda it: (it.call, it.dependencies),
}


def _is_ours(part: object) -> bool:
    kind = type(part)
    return (
        kind.__module__.startswith(OURS)
        and not kind.__module__.startswith(UNCHANGED)
        and not isinstance(part, type | BaseModel | tuple | str)
    )


def _attributes(part: Any) -> dict[str, Any]:
    """All attributes by name, including slots."""
    slots = [name for kind in type(part).__mro__ for name in _slots(kind)]
    values = {name: getattr(part, name) for name in slots if hasattr(part, name)}
    return values | getattr(part, "__dict__", {})


def _slots(kind: type) -> Iterable[str]:
    names = kind.__dict__.get("__slots__", ())
    return (names,) if isinstance(names, str) else names
