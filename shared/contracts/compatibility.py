"""Compares two JSON Schemas of a fact, and reports changes that older or newer readers could not read.

Facts are kept for years, and older and newer versions of the services read them at the same time. So a released schema
may only gain optional fields; every other change needs a new version of the fact with an upcaster (`docs/adr/0026`). A
changed default is such a change, because fields with their default value are not written.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

Json = Mapping[str, Any]
DESCRIBING: Final = frozenset({"$schema", "$id", "$defs", "$comment", "title", "description", "examples", "deprecated"})
"""Keywords that do not restrict valid values."""
INNER: Final = {"items": "[]", "additionalProperties": "{}"}
FORMS: Final = ("anyOf", "prefixItems")
COMPARED_APART: Final = frozenset({"properties", "required", "enum", "$ref", *INNER, *FORMS})
_ABSENT: Final = "(nothing)"


def incompatibilities(before: Json, after: Json) -> list[str]:
    """Describes each incompatible change: every change except an additional optional field. Empty if there is none.

    Both schemas are JSON Schemas (2020-12) as Pydantic writes them: a `$ref` points into `$defs` of the same schema.
    """
    return list(_Comparison(before, after).compare(before, after, "", frozenset()))


class _Comparison:
    def __init__(self, before: Json, after: Json) -> None:
        self._before = before.get("$defs", {})
        self._after = after.get("$defs", {})

    def compare(self, before: Json, after: Json, path: str, open_: frozenset[tuple[str, str]]) -> Iterator[str]:
        """Walk both schemas together; `open_` holds the pairs of definitions around the current place."""
        pair = (str(before.get("$ref", "")), str(after.get("$ref", "")))
        if pair in open_:
            return
        open_ = open_ | {pair} if any(pair) else open_
        before, after = _resolved(before, self._before), _resolved(after, self._after)
        yield from _keywords(before, after, path)
        yield from _enum(before, after, path)
        yield from self._properties(before, after, path, open_)
        yield from self._inner(before, after, path, open_)

    def _properties(self, before: Json, after: Json, path: str, open_: frozenset[tuple[str, str]]) -> Iterator[str]:
        old, new = before.get("properties", {}), after.get("properties", {})
        old_required, new_required = set(before.get("required", ())), set(after.get("required", ()))
        for name in sorted(old.keys() | new.keys()):
            place = f"{path}.{name}" if path else name
            if name not in new:
                yield f"{place}: the field was removed"
            elif name not in old:
                if name in new_required:
                    yield f"{place}: a new field must be optional"
                if before.get("additionalProperties") is False:
                    yield f"{place}: readers of the previous version do not accept additional fields here"
            else:
                if name in new_required - old_required:
                    yield f"{place}: the field became required"
                if name in old_required - new_required:
                    yield f"{place}: the field became optional"
                yield from self.compare(old[name], new[name], place, open_)

    def _inner(self, before: Json, after: Json, path: str, open_: frozenset[tuple[str, str]]) -> Iterator[str]:
        for keyword in FORMS:
            old, new = before.get(keyword, []), after.get(keyword, [])
            if len(old) != len(new):
                yield f"{_place(path)}: the type changed ({keyword} had {len(old)} forms, now {len(new)})"
                continue
            for old_form, new_form in zip(old, new, strict=True):
                yield from self.compare(old_form, new_form, path, open_)
        for keyword, mark in INNER.items():
            old_inner, new_inner = before.get(keyword, _ABSENT), after.get(keyword, _ABSENT)
            if isinstance(old_inner, dict) and isinstance(new_inner, dict):
                yield from self.compare(old_inner, new_inner, f"{path}{mark}", open_)
            else:
                yield from _difference(path, keyword, old_inner, new_inner)


def _resolved(schema: Json, definitions: Json) -> Json:
    """The schema with its references replaced by their definitions; keywords beside a reference are kept."""
    while "$ref" in schema:
        others = {key: value for key, value in schema.items() if key != "$ref"}
        schema = {**definitions[schema["$ref"].removeprefix("#/$defs/")], **others}
    return schema


def _keywords(before: Json, after: Json, path: str) -> Iterator[str]:
    """Compares types, formats, bounds, patterns, constants and defaults: all keywords that restrict valid values."""
    for keyword in sorted((before.keys() | after.keys()) - DESCRIBING - COMPARED_APART):
        yield from _difference(path, keyword, before.get(keyword, _ABSENT), after.get(keyword, _ABSENT))


def _difference(path: str, keyword: str, old: Any, new: Any) -> Iterator[str]:
    if old != new or isinstance(old, bool) is not isinstance(new, bool):  # True equals 1
        yield f"{_place(path)}: {keyword} changed from {_shown(old)} to {_shown(new)}"


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
            yield f"{_place(path)}: readers of the previous version do not know the new value {value!r}"


def _place(path: str) -> str:
    return path or "the fact"


def _shown(value: Any) -> str:
    return _ABSENT if value in (None, _ABSENT) else repr(value)
