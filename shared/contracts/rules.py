"""How facts are read, folded and answered: what a ledger is given, and the rules for demands."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Generic, Protocol, TypeVar, cast
from uuid import UUID

from shared.contracts.catalogue import FACTS, parse
from shared.contracts.demand import Demand, Service
from shared.contracts.facts import Fact, StatusFact
from shared.contracts.lifecycle import TRANSITIONS, evolve
from shared.contracts.refusals import Code, Refused
from shared.contracts.topics import DEMAND_EVENTS


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
    blank: Callable[[UUID], S]
    revive: Callable[[str], S]
    knows: Callable[[str], bool]
    parse: Callable[[str, str], F]
    evolve: Callable[[S, F, datetime], S]
    subject: Callable[[S], str]
    is_imported: Callable[[S], bool]
    react: Callable[[S, F, datetime, datetime], Sequence[tuple[F, datetime]]]
    may_tell: Callable[[F], None]


React = Callable[[Demand, Fact, datetime, datetime], Sequence[tuple[Fact, datetime]]]


def silent(demand: Demand, fact: Fact, at: datetime, now: datetime) -> Sequence[tuple[Fact, datetime]]:
    """The answer of a service that only listens."""
    return ()


def _fold(demand: Demand, fact: Fact, at: datetime) -> Demand:
    return evolve(demand, cast("StatusFact", fact), at) if fact.moves else demand


def demand_rules(service: Service, react: React = silent) -> Rules[Demand, Fact]:
    """The rules by which `service` keeps its copy of every demand."""

    def may_tell(fact: Fact) -> None:
        if isinstance(fact, StatusFact) and TRANSITIONS[type(fact)].told_by is not service:
            raise Refused(Code.WRONG_TELLER, f"{fact.type} is not told by {service}")

    return Rules(
        service=service,
        stream=DEMAND_EVENTS.carries,
        blank=lambda key: Demand(id=key),
        revive=Demand.model_validate_json,
        knows=FACTS.__contains__,
        parse=parse,
        evolve=_fold,
        subject=lambda demand: demand.number,
        is_imported=lambda demand: demand.imported,
        react=react,
        may_tell=may_tell,
    )
