"""The rules of one kind of aggregate, which a repository gets: how facts are parsed, applied and reacted to."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Generic, Protocol, TypeVar
from uuid import UUID

from shared.contracts.envelope import Envelope


class Folded(Protocol):
    """The state of an aggregate, folded from its facts; `version` is the number of its status facts."""

    @property
    def version(self) -> int: ...

    def model_dump_json(self, *, exclude_defaults: bool = ...) -> str: ...


class Recordable(Protocol):
    """A fact; `moves` says whether it counts in the sequence of its aggregate (a note does not)."""

    moves: ClassVar[bool]

    @classmethod
    def wire_type(cls) -> str: ...

    def model_dump_json(self, *, exclude_defaults: bool = ...) -> str: ...


S = TypeVar("S", bound=Folded)
F = TypeVar("F", bound=Recordable)


@dataclass(frozen=True, slots=True)
class Rules(Generic[S, F]):
    """The functions of one kind of aggregate for one service, all pure.

    `react(state, fact, at, now)` returns the facts that this service adds because of `fact`, with their times.
    """

    service: str
    stream: str
    initial: Callable[[UUID], S]
    load: Callable[[str], S]
    handles: Callable[[str], bool]
    parse: Callable[[str, str], F]
    evolve: Callable[[S, F, datetime], S]
    subject: Callable[[S], str]
    is_imported: Callable[[S], bool]
    react: Callable[[S, F, datetime, datetime], Sequence[tuple[F, datetime]]]
    authorize: Callable[[F], None]
    """Raises `Refused` if this service may not write the fact."""
    check_writer: Callable[[Envelope], None]
    """Raises `Refused` if the source of a received fact is a service that may not write it."""
