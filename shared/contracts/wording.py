"""Declares for each text field of a model whether it may name a person and who wrote it, and masks it accordingly.

Mark free text with `Masked`, text of ours or of the law with `Plain`, and personal data for the vault with `Sealed`.
Callers pass the masking functions, because contracts must not depend on masking.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Any, Final, NamedTuple, TypeVar, get_args

from pydantic import BaseModel, JsonValue
from pydantic.fields import FieldInfo


class Writer(StrEnum):
    """Who wrote a text: telephone numbers and addresses of an office are public, those of a citizen are masked."""

    CITIZEN = "citizen"
    OFFICE = "office"


@dataclass(frozen=True, slots=True)
class Masked:
    """Free text that may name a person. A masked text may be longer than the original, so it is cut at `most`
    characters."""

    writer: Writer
    most: int | None = None


@dataclass(frozen=True, slots=True)
class Plain:
    """Text that names no citizen; `why` is the reason. It does not hold for texts that another system recorded."""

    why: str


@dataclass(frozen=True, slots=True)
class Identifier(Plain):
    """An identifier from one of our lists: it is looked up, so it must not be masked."""


@dataclass(frozen=True, slots=True)
class Sealed(Plain):
    """Personal data: it is stored in the vault, never in a fact."""


@dataclass(frozen=True, slots=True)
class Inner(Plain):
    """A value that is parsed as another model, whose fields have declarations of their own."""


class Passage(NamedTuple):
    """A text and who wrote it."""

    writer: Writer
    text: str


Declaration = Masked | Plain
Masks = Mapping[str, Callable[[str], str]]
Model = TypeVar("Model", bound=BaseModel)
STAFF: Final = Plain("the member of staff who acts, as the token names them")


def by_citizen(most: int | None = None) -> Masked:
    """Text that a citizen writes."""
    return Masked(Writer.CITIZEN, most)


def by_office(most: int | None = None) -> Masked:
    """Text that an office writes."""
    return Masked(Writer.OFFICE, most)


@cache
def texts(kind: type[BaseModel]) -> tuple[tuple[str, Declaration | None], ...]:
    """All fields of a model that hold text, each with its declaration, or None if it has none."""
    return tuple((name, declared(field)) for name, field in kind.model_fields.items() if _holds_text(field.annotation))


def declared(field: FieldInfo) -> Declaration | None:
    """The declaration of a field, on the field itself or on the type of its items."""
    return next(_declarations([*field.metadata, field.annotation]), None)


def masked(model: Model, masks: Masks) -> Model:
    """The model with all `Masked` fields masked."""
    texts = {name: hide(getattr(model, name), declaration, masks) for name, declaration in _masked_fields(type(model))}
    return model.model_copy(update=texts)


def passages(model: BaseModel) -> Iterator[Passage]:
    """All texts of a model that `masked` masks."""
    for name, declaration in _masked_fields(type(model)):
        yield from passages_in(getattr(model, name), declaration)


def passages_in(value: Any, declaration: Masked) -> Iterator[Passage]:
    """All texts in the value of a field that `hide` masks."""
    match value:
        case str():
            yield Passage(declaration.writer, value)
        case tuple():
            for item in value:
                yield from passages_in(item, declaration)


def hide(value: Any, declaration: Masked, masks: Masks) -> Any:
    """The value of a field with its text or texts masked and cut; other values stay unchanged."""
    match value:
        case str():
            return masks[declaration.writer](value)[: declaration.most]
        case tuple():
            return tuple(hide(item, declaration, masks) for item in value)
        case _:
            return value


@cache
def _masked_fields(kind: type[BaseModel]) -> tuple[tuple[str, Masked], ...]:
    return tuple((name, declaration) for name, declaration in texts(kind) if isinstance(declaration, Masked))


def _holds_text(annotation: Any) -> bool:
    if annotation is str or annotation == JsonValue:
        return True
    return any(map(_holds_text, get_args(annotation)))


def _declarations(marks: list[Any]) -> Iterator[Declaration]:
    for mark in marks:
        if isinstance(mark, Masked | Plain):
            yield mark
        else:
            yield from _declarations([*getattr(mark, "__metadata__", ()), *get_args(mark)])
