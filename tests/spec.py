"""Helpers to test decisions: given these facts, when a command comes, then these facts follow or it is refused."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from shared.contracts.demand.facts import Fact, StatusFact
from shared.contracts.demand.state import Demand
from shared.contracts.refusals import Code, Refused
from tests import story

Decide = Callable[[Demand, Any], Sequence[Fact]]


@dataclass(frozen=True, slots=True)
class When:
    """The outcome of a command."""

    outcome: Callable[[], Sequence[Fact]]

    def then(self, *facts: Fact) -> None:
        assert list(self.outcome()) == list(facts)

    def then_refused(self, code: Code) -> None:
        with pytest.raises(Refused) as refused:
            self.outcome()
        assert refused.value.code is code


@dataclass(frozen=True, slots=True)
class Given:
    """A demand with a past."""

    demand: Demand
    decide: Decide

    def when(self, command: object) -> When:
        return When(lambda: self.decide(self.demand, command))


@dataclass(frozen=True, slots=True)
class Spec:
    """The decisions of one service."""

    decide: Decide

    def given(self, *facts: StatusFact) -> Given:
        return Given(story.demand(*facts), self.decide)
