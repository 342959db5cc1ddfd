"""What a reader of the version before, or of the version after, could not read: compares two JSON Schemas of a fact.

Facts are kept for years and are read by older and newer versions at once. So a released schema may only gain optional
fields; everything else needs another version of the fact with an upcaster (see `docs/adr/0026`). A changed default
counts: facts are written without the fields that have their default.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

Json = Mapping[str, Any]
DESCRIBING: Final = frozenset({"$schema", "$id", "$defs", "$comment", "title", "description", "examples", "deprecated"})
"""Keywords that say nothing about what is valid."""
INNER: Final = {"items": "[]", "additionalProperties": "{}"}
FORMS: Final = ("anyOf", "prefixItems")
COMPARED_APART: Final = frozenset({"properties", "required", "enum", "$ref", *INNER, *FORMS})
_ABSENT: Final = "(nothing)"


def incompatibilities(before: Json, after: Json) -> list[str]:
    """In words, each change from a released schema that is more than an additional optional field; none if all is well.

    Both are JSON Schemas (2020-12) as Pydantic writes them: `$ref` leads into `$defs` of the same schema.
    """
    return list(_Comparison(before, after).compare(before, after, "", frozenset()))


class _Comparison:
    def __init__(self, before: Json, after: Json) -> None:
        self._before = before.get("$defs", {})
        self._after = after.get("$defs", {})

    def compare(self, before: Json, after: Json, path: str, open_: frozenset[tuple[str, str]]) -> Iterator[str]:
        """Walks both at once; `open_` holds the pairs of definitions that it is inside of."""
        pair = (str(before.get("$ref", "")), str(after.get("$ref", "")))
        if pair in open_:
            return
        open_ = open_ | {pair} if any(pair) else open_
        before, after = _followed(before, self._before), _followed(after, self._after)
        yield from _keywords(before, after, path)
        yield from _enum(before, after, path)
        yield from self._properties(before, after, path, open_)
        yield from self._inner(before, after, path, open_)

    def _properties(self, before: Json, after: Json, path: str, open_: frozenset[tuple[str, str]]) -> Iterator[str]:
        old, new = before.get("properties", {}), after.get("properties", {})
        was, is_ = set(before.get("required", ())), set(after.get("required", ()))
        for name in sorted(old.keys() | new.keys()):
            place = f"{path}.{name}" if path else name
            if name not in new:
                yield f"{place}: the field was removed"
            elif name not in old:
                if name in is_:
                    yield f"{place}: a new field must be optional"
                if before.get("additionalProperties") is False:
                    yield f"{place}: readers of the version before take no additional field here"
            else:
                if name in is_ - was:
                    yield f"{place}: the field became required"
                if name in was - is_:
                    yield f"{place}: the field may be missing now"
                yield from self.compare(old[name], new[name], place, open_)

    def _inner(self, before: Json, after: Json, path: str, open_: frozenset[tuple[str, str]]) -> Iterator[str]:
        for keyword in FORMS:
            old, new = before.get(keyword, []), after.get(keyword, [])
            if len(old) != len(new):
                yield f"{_place(path)}: the type changed ({keyword} had {len(old)} forms, now {len(new)})"
                continue
            for one, other in zip(old, new, strict=True):
                yield from self.compare(one, other, path, open_)
        for keyword, mark in INNER.items():
            inside, now = before.get(keyword, _ABSENT), after.get(keyword, _ABSENT)
            if isinstance(inside, dict) and isinstance(now, dict):
                yield from self.compare(inside, now, f"{path}{mark}", open_)
            else:
                yield from _difference(path, keyword, inside, now)


def _followed(schema: Json, definitions: Json) -> Json:
    """The definition that a reference leads to, with what stands beside the reference."""
    while "$ref" in schema:
        beside = {key: value for key, value in schema.items() if key != "$ref"}
        schema = {**definitions[schema["$ref"].removeprefix("#/$defs/")], **beside}
    return schema


def _keywords(before: Json, after: Json, path: str) -> Iterator[str]:
    """Types, formats, bounds, patterns, constants, defaults: whatever is neither equal nor only a description."""
    for keyword in sorted((before.keys() | after.keys()) - DESCRIBING - COMPARED_APART):
        yield from _difference(path, keyword, before.get(keyword, _ABSENT), after.get(keyword, _ABSENT))


def _difference(path: str, keyword: str, old: Any, new: Any) -> Iterator[str]:
    if old != new or isinstance(old, bool) is not isinstance(new, bool):  # True equals 1
        yield f"{_place(path)}: {keyword} changed from {_told(old)} to {_told(new)}"


def _enum(before: Json, after: Json, path: str) -> Iterator[str]:
    old, new = before.get("enum"), after.get("enum")
    if old is None or new is None:
        yield from _difference(path, "enum", old, new)
        return
    for value in old:
        if value not in new:
            yield f"{_place(path)}: the value {value!r} was removed"
    for value in new:
        if value not in old:
            yield f"{_place(path)}: readers of the version before do not know the new value {value!r}"


def _place(path: str) -> str:
    return path or "the fact"


def _told(value: Any) -> str:
    return _ABSENT if value in (None, _ABSENT) else repr(value)
