"""Every text field says whether a person may be named in it, and who wrote it: so it is masked by its declaration.

`Masked` stands on words, `Plain` on what we or the law wrote, `Sealed` on what only the vault may know. The rules of
masking are handed in, since contracts know none.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Any, Final, NamedTuple, TypeVar, get_args

from pydantic import BaseModel, JsonValue
from pydantic.fields import FieldInfo


class Writer(StrEnum):
    """Who wrote the words: an office's own telephone and address are meant to be read, a citizen's are not."""

    CITIZEN = "citizen"
    OFFICE = "office"


@dataclass(frozen=True, slots=True)
class Masked:
    """Words, in which a person may be named; a mask may be longer than what it hides, so they are cut at `most`."""

    writer: Writer
    most: int | None = None


@dataclass(frozen=True, slots=True)
class Plain:
    """Text in which no citizen is named, with the reason; where another system recorded it, nobody knows that."""

    why: str


@dataclass(frozen=True, slots=True)
class Identifier(Plain):
    """What stands for something in a list of ours: it is looked up, and would be lost if it were masked."""


@dataclass(frozen=True, slots=True)
class Sealed(Plain):
    """Personal data as such: it goes to the vault, and into no fact."""


@dataclass(frozen=True, slots=True)
class Inner(Plain):
    """What is read as another model, whose fields declare themselves."""


class Passage(NamedTuple):
    """Words, and who wrote them."""

    writer: Writer
    text: str


Declaration = Masked | Plain
Masks = Mapping[str, Callable[[str], str]]
Model = TypeVar("Model", bound=BaseModel)
STAFF: Final = Plain("the member of staff who acts, as the token names them")


def by_citizen(most: int | None = None) -> Masked:
    """What a citizen writes."""
    return Masked(Writer.CITIZEN, most)


def by_office(most: int | None = None) -> Masked:
    """What an office writes."""
    return Masked(Writer.OFFICE, most)


@cache
def texts(kind: type[BaseModel]) -> tuple[tuple[str, Declaration | None], ...]:
    """Every field of a model that holds text, with its declaration; none where that is missing."""
    return tuple((name, declared(field)) for name, field in kind.model_fields.items() if _holds_text(field.annotation))


def declared(field: FieldInfo) -> Declaration | None:
    """What is declared of a field, on the field itself or on the type of its items."""
    return next(_declarations([*field.metadata, field.annotation]), None)


def masked(model: Model, masks: Masks) -> Model:
    """The model with its words masked as their fields declare."""
    hidden = {name: hide(getattr(model, name), declaration, masks) for name, declaration in _words(type(model))}
    return model.model_copy(update=hidden)


def passages(model: BaseModel) -> Iterator[Passage]:
    """The words of a model that `masked` masks."""
    for name, declaration in _words(type(model)):
        yield from passages_in(getattr(model, name), declaration)


def passages_in(value: Any, declaration: Masked) -> Iterator[Passage]:
    """The words in the value of a field that `hide` masks."""
    match value:
        case str():
            yield Passage(declaration.writer, value)
        case tuple():
            for item in value:
                yield from passages_in(item, declaration)


def hide(value: Any, declaration: Masked, masks: Masks) -> Any:
    """A text or several, masked and cut; what is none stays."""
    match value:
        case str():
            return masks[declaration.writer](value)[: declaration.most]
        case tuple():
            return tuple(hide(item, declaration, masks) for item in value)
        case _:
            return value


@cache
def _words(kind: type[BaseModel]) -> tuple[tuple[str, Masked], ...]:
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
