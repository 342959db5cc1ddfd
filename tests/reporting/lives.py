"""Generates random histories of demands: any legal facts, at any time within two years, from any channel, in any
village."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

from shared.chassis.consumer.record import Record
from shared.contracts.demand import facts as f
from shared.contracts.demand.groups import AMONG_OFFICES
from shared.contracts.demand.lifecycle import TRANSITIONS, evolve
from shared.contracts.demand.state import Demand, Status
from shared.contracts.numbers import number
from tests import story
from tests.chassis.conftest import Log, envelope

START = datetime(2021, 1, 1, tzinfo=UTC)
LONG_AGO, NEVER = START, datetime(2900, 1, 1, tzinfo=UTC)
UNITS = ("roads", "water", "station-440605011001")
DIVISIONS = ("440605011001", "440605126222", "440605999999")
"""The last one is in no pack (any more): its demands count in no division, and in all other figures."""
CATEGORIES = ("road-damage", "school-transport", None)
ONWARD = (f.DemandRouted, f.DemandAccepted, f.DemandResolved, f.DemandReopened)
OUTCOMES = {Status.DECLINED: f.Outcome.DECLINED, Status.WITHDRAWN: f.Outcome.WITHDRAWN}


def _weight(kind: type[f.StatusFact]) -> float:
    """The weight of a fact among the possible ones; most demands should reach an end."""
    if kind in ONWARD:
        return 4
    return 0.1 if kind in AMONG_OFFICES else 1


@dataclass
class Lives:
    """Writes random histories into a log."""

    chance: random.Random
    log: Log
    kinds: tuple[f.RequestKind, ...] = tuple(f.RequestKind)
    shown: dict[str, list[int]] = field(default_factory=dict)
    """By number, the sequences of the facts that are public."""

    def records(self, count: int) -> tuple[list[Record], list[Demand]]:
        """All records, shuffled and some of them twice; and the final state of each demand."""
        records, ends = [], []
        for n in range(1, count + 1):
            demand = Demand(id=UUID(int=n))
            for fact, at in self._life(n):
                demand = evolve(demand, fact, at)
                if type(fact) not in AMONG_OFFICES:
                    self.shown.setdefault(demand.number, []).append(demand.version)
                records.append(self.log.record(envelope(fact, demand.version, demand.id, at)))
            ends.append(demand)
        records += self.chance.choices(records, k=len(records) // 5)
        self.chance.shuffle(records)
        return records, ends

    def _life(self, n: int) -> Iterator[tuple[f.StatusFact, datetime]]:
        at = START + timedelta(days=self.chance.randint(0, 500), seconds=self.chance.randint(0, 86_399))
        demand = Demand(id=UUID(int=n))
        fact: f.StatusFact = self._submitted(n)
        for _ in range(self.chance.randint(1, 14)):
            demand = evolve(demand, fact, at)
            yield fact, at
            turns = [kind for kind, row in TRANSITIONS.items() if demand.status in row.after]
            if not turns:
                return
            (turn,) = self.chance.choices(turns, [_weight(kind) for kind in turns])
            fact = self._turn(turn, demand.status)
            at += timedelta(days=self.chance.choice((0, 0, 1, 40)), microseconds=self.chance.choice((0, 1, 3 * 10**9)))

    def _submitted(self, n: int) -> f.DemandSubmitted:
        pick = self.chance.choice
        channel_fields = {"channel": pick(("web", "hotline", "visit & talk")), "imported": pick((True, False))}
        classification = {"division": pick(DIVISIONS), "category": pick(CATEGORIES), "kind": pick(self.kinds)}
        return story.SUBMISSION.model_copy(update={"number": number("NH", 2021, n)} | channel_fields | classification)

    def _turn(self, kind: type[f.StatusFact], status: Status) -> f.StatusFact:
        pick = self.chance.choice
        values = {
            "unit": pick(UNITS), "rule": "r1", "due_at": pick((LONG_AGO, NEVER, START + timedelta(days=200))),
            "by": "Chen", "reason": "x", "note": "x", "result": "x", "level": "town", "approved_by": "Li",
            "category": pick(("road-damage", "school-transport")), "handler": "Chen", "units": (pick(UNITS),),
            "working_days": 3, "urgency": pick(tuple(f.Urgency)), "vulnerable": pick((True, False)),
            "rating": pick((1, 2, 3, 4, 5)), "solved": pick((True, False)), "parent": UUID(int=1), "parent_number": "N",
            "calls": pick((0, 2)),
            "outcome": OUTCOMES.get(status) or pick((f.Outcome.CONFIRMED, f.Outcome.DISPUTED, f.Outcome.UNRATED)),
        }  # fmt: skip
        return kind.model_validate({name: value for name, value in values.items() if name in kind.model_fields})
