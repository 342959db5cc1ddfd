"""How facts are read, folded and answered: the rules that a repository is given."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Generic, Protocol, TypeVar
from uuid import UUID

from shared.contracts.envelope import Envelope


class Folded(Protocol):
    """A fold of facts: knows how many there were and how to become JSON."""

    @property
    def version(self) -> int: ...

    def model_dump_json(self, *, exclude_defaults: bool = ...) -> str: ...


class Tellable(Protocol):
    """Something that can be told; `moves` says whether it counts in the sequence of its aggregate."""

    moves: ClassVar[bool]

    @classmethod
    def wire_type(cls) -> str: ...

    def model_dump_json(self, *, exclude_defaults: bool = ...) -> str: ...


S = TypeVar("S", bound=Folded)
F = TypeVar("F", bound=Tellable)


@dataclass(frozen=True, slots=True)
class Rules(Generic[S, F]):
    """All pure. `react(state, fact, at, now)` answers with what this service tells next, and when."""

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
    """Raises `Refused` where this service may not tell the fact."""
    check_teller: Callable[[Envelope], None]
    """Raises `Refused` where the source of a fact that was read is not a service that tells it."""
