"""Builds the `Rules` of demands for a service: parsing, state machine, reactions and permissions."""

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from typing import cast

from shared.contracts.demand.facts import Fact, StatusFact
from shared.contracts.demand.lifecycle import evolve
from shared.contracts.demand.state import Demand, Service
from shared.contracts.demand.writers import authorize, check_writer
from shared.contracts.event_types import KNOWN, parse
from shared.contracts.rules import Rules
from shared.contracts.topics import DEMAND_EVENTS

React = Callable[[Demand, Fact, datetime, datetime], Sequence[tuple[Fact, datetime]]]


def silent(demand: Demand, fact: Fact, at: datetime, now: datetime) -> Sequence[tuple[Fact, datetime]]:
    """The reaction of a service that writes no facts of its own."""
    return ()


def _fold(demand: Demand, fact: Fact, at: datetime) -> Demand:
    return evolve(demand, cast("StatusFact", fact), at) if fact.moves else demand


def demand_rules(service: Service, react: React = silent) -> Rules[Demand, Fact]:
    """The rules for the repository of demands of `service`."""
    return Rules(
        service=service,
        stream=DEMAND_EVENTS.carries,
        initial=lambda key: Demand(id=key),
        load=Demand.model_validate_json,
        handles=KNOWN.__contains__,
        parse=parse,
        evolve=_fold,
        subject=lambda demand: demand.number,
        is_imported=lambda demand: demand.imported,
        react=react,
        authorize=partial(authorize, service),
        check_writer=check_writer,
    )
