"""The unit of work: the aggregates of one batch in memory, and the facts applied to them. It does no I/O."""

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
    """One fact, and the state of the aggregate before and after it; a note leaves the state as it was."""

    before: S
    after: S
    fact: F
    envelope: Envelope
    is_own: bool


@dataclass(slots=True)
class UnitOfWork(Generic[S, F]):
    """The aggregates of one batch in memory; `Repository.put` writes them."""

    rules: Rules[S, F]
    now: datetime
    loaded: dict[UUID, S]
    states: dict[UUID, S] = field(default_factory=dict)
    changes: list[Change[S, F]] = field(default_factory=list)

    def state(self, key: UUID) -> S:
        """The state of the aggregate with the changes so far; the initial state if it does not exist yet."""
        state = self.states.get(key) or self.loaded.get(key)
        if state is None:
            state = self.loaded[key] = self.rules.initial(key)
        return state

    def apply(self, envelope: Envelope) -> None:
        """Apply a fact that was received, and record the facts with which this service reacts to it.

        Raises `Refused`, and then changes nothing.
        """
        fact = self.rules.parse(envelope.type, envelope.data)
        self.rules.check_writer(envelope)
        if fact.moves is (envelope.sequence is None):
            raise Refused(Code.UNREADABLE, f"{envelope.type} {'needs' if fact.moves else 'must not have'} a sequence")
        before = self.state(envelope.key)
        after = self.rules.evolve(before, fact, envelope.time)
        self._keep(self._with_reactions([Change(before, after, fact, envelope, is_own=False)]))

    def record(
        self, key: UUID, facts: Iterable[F], at: datetime, cause: UUID, span: Span | None = None
    ) -> list[Envelope]:
        """Record the facts that a command decided, and the service's reactions; the same cause gives the same ids.

        `span`: the trace span that the facts belong to, if it is not the current one. Returns all new envelopes.
        """
        state, recorded, span = self.state(key), [], span or spans.current()
        for n, fact in enumerate(facts):
            self.rules.authorize(fact)
            moved = self.rules.evolve(state, fact, at)
            envelope = self._envelope(moved, fact, key, at, uuid5(cause, str(n)), cause, cause, span.traceparent)
            recorded.append(Change(state, moved, fact, envelope, is_own=True))
            state = moved
        if recorded and span.is_recorded:
            span.about(self.rules.stream, key, self.rules.subject(state))
        changes = self._with_reactions(recorded)
        self._keep(changes)
        return [change.envelope for change in changes]

    def _keep(self, changes: Iterable[Change[S, F]]) -> None:
        for change in changes:
            self.states[change.envelope.key] = change.after
            self.changes.append(change)

    def _with_reactions(self, changes: list[Change[S, F]]) -> list[Change[S, F]]:
        """The changes with the reactions to the last one, the reactions to the last of those, and so on."""
        while changes and (reactions := self._reactions(changes[-1])):
            changes += reactions
        return changes

    def _reactions(self, change: Change[S, F]) -> list[Change[S, F]]:
        cause, state = change.envelope, change.after
        reactions = []
        for n, (fact, at) in enumerate(self.rules.react(state, change.fact, cause.time, self.now)):
            self.rules.authorize(fact)
            moved = self.rules.evolve(state, fact, at)
            id = uuid5(cause.id, f"{self.rules.service}:{n}")
            correlation = cause.correlation or cause.id
            envelope = self._envelope(moved, fact, cause.key, at, id, cause.id, correlation, cause.traceparent)
            reactions.append(Change(state, moved, fact, envelope, is_own=True))
            state = moved
        return reactions

    def _envelope(
        self,
        state: S,
        fact: F,
        key: UUID,
        at: datetime,
        id: UUID,
        cause: UUID,
        correlation: UUID,
        traceparent: str | None,
    ) -> Envelope:
        return Envelope(
            id=id,
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
        """The version that was loaded; 0 if the aggregate did not exist."""
        loaded = self.loaded.get(key)
        return loaded.version if loaded else 0
