"""A released schema may gain optional fields; every other change is found and explained."""

from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.contracts.compatibility import incompatibilities
from shared.contracts.published import schemas

Schema = dict[str, Any]
PUBLISHED = schemas()

FACT: Schema = {
    "$defs": {
        "Colour": {"enum": ["red", "green"], "type": "string", "title": "Colour"},
        "Place": {
            "type": "object",
            "properties": {"lat": {"type": "number", "minimum": -90, "maximum": 90}, "name": {"type": "string"}},
            "required": ["lat"],
        },
        "Tree": {"type": "object", "properties": {"branches": {"type": "array", "items": {"$ref": "#/$defs/Tree"}}}},
        "Closed": {"type": "object", "properties": {"a": {"type": "string"}}, "additionalProperties": False},
    },
    "type": "object",
    "title": "Painted",
    "description": "Somebody painted something.",
    "properties": {
        "colour": {"$ref": "#/$defs/Colour"},
        "by": {"type": "string", "minLength": 1, "maxLength": 10},
        "coats": {"anyOf": [{"type": "integer", "minimum": 1}, {"type": "null"}], "default": None},
        "places": {"type": "array", "items": {"$ref": "#/$defs/Place"}, "default": []},
        "tree": {"$ref": "#/$defs/Tree"},
        "closed": {"$ref": "#/$defs/Closed"},
        "extra": {"type": "object", "additionalProperties": True},
        "named": {"type": "object", "additionalProperties": {"type": "integer"}},
    },
    "required": ["colour", "by"],
}
DROP = object()


def changed(path: str, value: object) -> Schema:
    """The schema with the value at this path replaced, or removed."""
    schema = deepcopy(FACT)
    *steps, last = path.split("/")
    part: Any = schema
    for step in steps:
        part = part[int(step) if isinstance(part, list) else step]
    if value is DROP:
        del part[last]
    else:
        part[last] = value
    return schema


FORBIDDEN = [
    ("properties/by/type", "integer", "by: type changed from 'string' to 'integer'"),
    ("properties/by/maxLength", 9, "by: maxLength changed from 10 to 9"),
    ("properties/by/maxLength", DROP, "by: maxLength changed from 10 to (nothing)"),
    ("properties/by/pattern", "^a", "by: pattern changed from (nothing) to '^a'"),
    ("properties/by/format", "date", "by: format changed from (nothing) to 'date'"),
    ("properties/by", DROP, "by: the field was removed"),
    ("required", ["colour", "by", "coats"], "coats: the field became required"),
    ("required", ["colour"], "by: the field became optional"),
    ("properties/coats/default", 2, "coats: default changed from (nothing) to 2"),
    ("properties/coats/anyOf/0/minimum", 2, "coats: minimum changed from 1 to 2"),
    ("properties/coats/anyOf", [{"type": "integer"}], "coats: the type changed (anyOf had 2 forms, now 1)"),
    ("properties/places/items", {"type": "string"}, "places[]: "),
    ("$defs/Place/properties/lat/maximum", 80, "places[].lat: maximum changed from 90 to 80"),
    ("$defs/Place/properties/name", DROP, "places[].name: the field was removed"),
    ("$defs/Place/required", ["lat", "name"], "places[].name: the field became required"),
    ("$defs/Colour/enum", ["red"], "colour: the value 'green' was removed"),
    ("$defs/Colour/enum", ["red", "green", "blue"], "do not know the new value 'blue'"),
    ("$defs/Colour/enum", DROP, "colour: enum changed from ['red', 'green'] to (nothing)"),
    (
        "$defs/Closed/properties/b",
        {"type": "string"},
        "closed.b: readers of the previous version do not accept additional",
    ),
    ("$defs/Closed/additionalProperties", DROP, "closed: additionalProperties changed from False to (nothing)"),
    ("properties/extra/additionalProperties", False, "extra: additionalProperties changed from True to False"),
    ("properties/named/additionalProperties/type", "string", "named{}: type changed from 'integer' to 'string'"),
    ("additionalProperties", False, "the fact: additionalProperties changed from (nothing) to False"),
    ("$defs/Tree/properties/branches/items", {"type": "string"}, "tree.branches[]: "),
]


@pytest.mark.parametrize(("path", "value", "sentence"), FORBIDDEN, ids=[f"{p} {s[:30]}" for p, _, s in FORBIDDEN])
def test_an_incompatible_change_is_explained(path: str, value: object, sentence: str):
    changes = incompatibilities(FACT, changed(path, value))
    assert any(sentence in change for change in changes), changes


def test_a_new_required_field_is_explained():
    after = changed("properties/at", {"type": "string"})
    after["required"] = [*FACT["required"], "at"]
    assert incompatibilities(FACT, after) == ["at: a new field must be optional"]


ALLOWED = [
    ("properties/at", {"type": "string", "default": ""}),
    ("$defs/Place/properties/height", {"type": "number", "default": 0}),
    ("title", "Coloured"),
    ("description", "Another sentence."),
    ("deprecated", True),
    ("properties/by/description", "who"),
    ("properties/by/examples", ["Chen"]),
    ("$defs/Unused", {"type": "string"}),
]


@pytest.mark.parametrize(("path", "value"), ALLOWED, ids=[path for path, _ in ALLOWED])
def test_an_optional_field_and_another_description_are_no_change(path: str, value: object):
    assert incompatibilities(FACT, changed(path, value)) == []


def test_a_definition_by_another_name_is_the_same():
    after = deepcopy(FACT)
    after["$defs"]["Paint"] = after["$defs"].pop("Colour")
    after["properties"]["colour"] = {"$ref": "#/$defs/Paint"}
    assert incompatibilities(FACT, after) == []


NAMES = st.text("abc", min_size=1, max_size=2)
SIMPLE = st.sampled_from([
    {"type": "string"}, {"type": "integer", "minimum": 1}, {"type": "null"}, {"enum": ["a", "b"], "type": "string"},
    {"type": "number", "default": 1},
])  # fmt: skip


def objects(inner: st.SearchStrategy[Schema]) -> st.SearchStrategy[Schema]:
    def of(fields: Schema) -> st.SearchStrategy[Schema]:
        required = st.lists(st.sampled_from(sorted(fields)), unique=True) if fields else st.just([])
        return required.map(lambda names: {"type": "object", "properties": fields, "required": sorted(names)})

    return st.dictionaries(NAMES, inner, max_size=3).flatmap(of)


SCHEMAS = st.recursive(
    SIMPLE,
    lambda inner: st.one_of(
        objects(inner),
        inner.map(lambda one: {"type": "array", "items": one}),
        inner.map(lambda one: {"anyOf": [one, {"type": "null"}]}),
    ),
    max_leaves=8,
)


@given(objects(SCHEMAS))
def test_a_schema_is_compatible_with_itself(schema: Schema):
    assert incompatibilities(schema, deepcopy(schema)) == []


@given(objects(SCHEMAS), SCHEMAS)
def test_any_optional_field_may_be_added_and_none_removed(schema: Schema, field: Schema):
    more = deepcopy(schema)
    more["properties"]["new"] = field
    assert incompatibilities(schema, more) == []
    assert incompatibilities(more, schema) == ["new: the field was removed"]


@given(objects(SCHEMAS), SIMPLE, SIMPLE)
def test_no_field_may_become_another(schema: Schema, one: Schema, other: Schema):
    before, after = deepcopy(schema), deepcopy(schema)
    before["properties"]["field"], after["properties"]["field"] = one, other
    assert (incompatibilities(before, after) == []) is (one == other)


@pytest.mark.parametrize("name", PUBLISHED)
def test_every_published_schema_is_compared_to_its_end(name: str):
    """Of every fact, a type that changes anywhere inside is found."""
    schema = dict(PUBLISHED[name])
    for spoiled in list(_each_type_changed(schema)):
        assert incompatibilities(schema, spoiled), spoiled


def _each_type_changed(schema: Schema) -> list[Schema]:
    changes: list[Schema] = []

    def walk(part: Any, path: list[str | int]) -> None:
        if isinstance(part, dict):
            if isinstance(part.get("type"), str):
                spoiled: Any = deepcopy(schema)
                inner = spoiled
                for step in path:
                    inner = inner[step]
                inner["type"] = "another"
                changes.append(spoiled)
            for key, value in part.items():
                if key not in ("default", "examples"):
                    walk(value, [*path, key])
        elif isinstance(part, list):
            for n, value in enumerate(part):
                walk(value, [*path, n])

    walk(schema, [])
    return changes
