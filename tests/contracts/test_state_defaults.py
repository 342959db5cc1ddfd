"""States are stored without default values, so a changed default would change stored demands."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, get_args

import pytest
from pydantic import BaseModel, create_model
from pydantic.fields import FieldInfo
from pydantic_core import to_jsonable_python

from shared.contracts.demand.state import Demand

LISTED: Final = Path(__file__).parent / "state_defaults.json"
STATES: Final = (Demand,)
"""The models that repositories store."""
WAY_OUT: Final = (
    "Give the new meaning a new field, or write a migration of the stored states and then change state_defaults.json"
)
Listed = Mapping[str, Mapping[str, Any]]
"""By model and field, `{"default": …}`, or nothing where the field is required."""


def models(annotation: Any) -> Iterator[type[BaseModel]]:
    """The models within an annotation, and within their fields."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
        for field in annotation.model_fields.values():
            yield from models(field.annotation)
    for inner in get_args(annotation):
        yield from models(inner)


def fields_of(*states: type[BaseModel]) -> Listed:
    """The defaults of the present models."""
    return {
        model.__name__: {name: {} if field.is_required() else {"default": default(field)}
                         for name, field in model.model_fields.items()}
        for state in states for model in (state, *models(state))
    }  # fmt: skip


def default(field: FieldInfo) -> Any:
    return to_jsonable_python(field.get_default(call_default_factory=True, validated_data={}))


def changes(listed: Listed, today: Listed) -> Iterator[str]:
    """Explains which stored values would be read differently, and what to do instead."""
    for model, name in sorted({*_places(listed), *_places(today)}):
        before, now = listed.get(model, {}).get(name), today.get(model, {}).get(name)
        if json.dumps(before) == json.dumps(now):
            continue
        if before is None and now:
            yield f"{model}.{name} is new: add its default to {LISTED.name}, and it is guarded from then on"
        elif before is None:
            yield f"{model}.{name} is new and has no default: stored states do not have it; give it one"
        elif before and now:
            yield (
                f"the default of {model}.{name} was {before['default']!r} and is {now['default']!r}; stored states"
                f" leave the field out where it was the former. {WAY_OUT}"
            )
        else:
            yield f"{model}.{name} is gone, or its default is; stored states rely on it. {WAY_OUT}"


def _places(models: Listed) -> Iterator[tuple[str, str]]:
    return ((model, name) for model, fields in models.items() for name in fields)


def test_no_default_of_a_stored_state_changes():
    messages = list(changes(json.loads(LISTED.read_text("utf-8")), fields_of(*STATES)))
    assert not messages, "\n".join(messages)


def test_models_nested_in_a_state_are_checked_too():
    assert {"Demand", "RecordedStep"} <= set(fields_of(*STATES))


class Inner(BaseModel):
    n: int = 0


OTHERWISE: Final = create_model("Inner", n=(int, 1))
FALSE: Final = create_model("Inner", n=(bool, False))


class State(BaseModel):
    id: int
    note: str = ""
    inner: tuple[Inner, ...] = ()


LISTED_BEFORE: Final = fields_of(State)


def other(**fields: Any) -> Listed:
    told = {"id": (int, ...), "note": (str, ""), "inner": (tuple[Inner, ...], ())} | fields
    return fields_of(create_model("State", **{name: given for name, given in told.items() if given}))


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"note": (str, "x")}, "the default of State.note was '' and is 'x'"),
        ({"note": (str | None, None)}, "the default of State.note was '' and is None"),
        ({"note": (str, ...)}, "State.note is gone, or its default is"),
        ({"note": None}, "State.note is gone, or its default is"),
        ({"more": (int, ...)}, "State.more is new and has no default"),
        ({"more": (int, 1)}, "State.more is new: add its default"),
        ({"inner": (tuple[OTHERWISE, ...], ())}, "the default of Inner.n was 0 and is 1"),
        (
            {"inner": (tuple[create_model("Inner", n=(bool, False)), ...], ())},
            "the default of Inner.n was 0 and is False",
        ),
    ],
)
def test_a_changed_default_is_explained_with_advice(fields: dict[str, Any], sentence: str):
    (messages,) = changes(LISTED_BEFORE, other(**fields))
    assert messages.startswith(sentence)


def test_unchanged_defaults_cause_no_message():
    assert list(changes(LISTED_BEFORE, other())) == []
