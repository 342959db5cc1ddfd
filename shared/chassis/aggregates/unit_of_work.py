"""The aggregates of one batch in memory, and what was heard and told of them; nothing here waits for anything."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic, NamedTuple
from uuid import UUID

from shared.chassis.base.clock import uuid5
from shared.chassis.tracing import spans
from shared.chassis.tracing.spans import Span
from shared.contracts.envelope import Envelope, source_of
from shared.contracts.refusals import Code, Refused
from shared.contracts.rules import F, Rules, S


class Change(NamedTuple, Generic[S, F]):
    """One fact and what it made of the aggregate; for a note, `before` and `after` are the same."""

    before: S
    after: S
    fact: F
    envelope: Envelope
    is_own: bool


@dataclass(slots=True)
class UnitOfWork(Generic[S, F]):
    """The aggregates of one batch in memory; nothing is written before `Ledger.put`."""

    rules: Rules[S, F]
    now: datetime
    loaded: dict[UUID, S]
    states: dict[UUID, S] = field(default_factory=dict)
    changes: list[Change[S, F]] = field(default_factory=list)

    def state(self, key: UUID) -> S:
        """The aggregate as of now; a blank one when it is not known."""
        known = self.states.get(key) or self.loaded.get(key)
        if known is None:
            known = self.loaded[key] = self.rules.initial(key)
        return known

    def apply(self, envelope: Envelope) -> None:
        """Fold a fact and tell what follows from it; raises and changes nothing when it is refused."""
        fact = self.rules.parse(envelope.type, envelope.data)
        self.rules.check_teller(envelope)
        if fact.moves is (envelope.sequence is None):
            raise Refused(Code.UNREADABLE, f"{envelope.type} {'needs' if fact.moves else 'must not have'} a sequence")
        before = self.state(envelope.key)
        after = self.rules.evolve(before, fact, envelope.time)
        self._keep(self._follow([Change(before, after, fact, envelope, is_own=False)]))

    def record(
        self, key: UUID, facts: Iterable[F], at: datetime, cause: UUID, span: Span | None = None
    ) -> list[Envelope]:
        """Tell facts that a command decided; the same cause makes the same event ids.

        `span`: the hop that tells them, where it is not the current one.
        """
        state, told, span = self.state(key), [], span or spans.current()
        for n, fact in enumerate(facts):
            self.rules.authorize(fact)
            moved = self.rules.evolve(state, fact, at)
            envelope = self._envelope(moved, fact, key, at, uuid5(cause, str(n)), cause, cause, span.traceparent)
            told.append(Change(state, moved, fact, envelope, is_own=True))
            state = moved
        if told and span.is_recorded:
            span.about(self.rules.stream, key, self.rules.subject(state))
        changes = self._follow(told)
        self._keep(changes)
        return [change.envelope for change in changes]

    def _keep(self, changes: Iterable[Change[S, F]]) -> None:
        for change in changes:
            self.states[change.envelope.key] = change.after
            self.changes.append(change)

    def _follow(self, told: list[Change[S, F]]) -> list[Change[S, F]]:
        """What happened, and what this service tells because of the last of it, to the end."""
        while told and (answers := self._answers(told[-1])):
            told += answers
        return told

    def _answers(self, change: Change[S, F]) -> list[Change[S, F]]:
        heard, state = change.envelope, change.after
        answers = []
        for n, (fact, at) in enumerate(self.rules.react(state, change.fact, heard.time, self.now)):
            self.rules.authorize(fact)
            moved = self.rules.evolve(state, fact, at)
            name = uuid5(heard.id, f"{self.rules.service}:{n}")
            correlation = heard.correlation or heard.id
            envelope = self._envelope(moved, fact, heard.key, at, name, heard.id, correlation, heard.traceparent)
            answers.append(Change(state, moved, fact, envelope, is_own=True))
            state = moved
        return answers

    def _envelope(
        self,
        state: S,
        fact: F,
        key: UUID,
        at: datetime,
        name: UUID,
        cause: UUID,
        correlation: UUID,
        traceparent: str | None,
    ) -> Envelope:
        return Envelope(
            id=name,
            stream=self.rules.stream,
            key=key,
            type=fact.wire_type(),
            source=source_of(self.rules.service),
            subject=self.rules.subject(state),
            time=at,
            sequence=state.version if fact.moves else None,
            causation=cause,
            correlation=correlation,
            traceparent=traceparent,
            imported=self.rules.is_imported(state),
            data=fact.model_dump_json(exclude_defaults=True),
        )

    def version_before(self, key: UUID) -> int:
        """The version that was loaded; 0 where nothing was known."""
        known = self.loaded.get(key)
        return known.version if known else 0
