"""A reader accepts a fact only from a service that may record it."""

import pytest

from shared.contracts.demand import facts as f
from shared.contracts.demand.lifecycle import TRANSITIONS
from shared.contracts.demand.rules import demand_rules
from shared.contracts.demand.state import Service
from shared.contracts.demand.writers import WRITTEN_BY, check_writer
from shared.contracts.event_types import FACTS
from shared.contracts.refusals import Code, Refused
from tests.chassis.conftest import envelope
from tests.contracts.test_published import SAMPLES


def sample(kind: type[f.Fact]) -> f.Fact:
    return kind.model_validate_json((SAMPLES / f"{kind.wire_type()}.json").read_bytes())


def test_every_fact_has_a_service_that_records_it():
    without = [kind.__name__ for kind in FACTS.values() if not WRITTEN_BY.get(kind)]
    assert not without, f"{without}: which service writes it? Name it in TRANSITIONS or in NOTES_WRITTEN_BY"


def test_a_status_fact_is_recorded_by_the_service_in_the_table():
    assert {kind: WRITTEN_BY[kind] for kind in TRANSITIONS} == {k: {row.written_by} for k, row in TRANSITIONS.items()}


SOURCES = [*(f"/services/{service}" for service in Service), "/services/nobody", "routing", ""]


@pytest.mark.parametrize("kind", FACTS.values(), ids=lambda kind: kind.type)
@pytest.mark.parametrize("source", SOURCES)
def test_a_fact_from_another_service_is_refused_with_its_name(kind: type[f.Fact], source: str):
    fact_envelope = envelope(sample(kind), 1 if kind.moves else None)._replace(source=source)
    if source.removeprefix("/services/") in WRITTEN_BY[kind] and source.startswith("/services/"):
        check_writer(fact_envelope)
        return
    with pytest.raises(Refused) as refused:
        check_writer(fact_envelope)
    writer = f"/services/{min(WRITTEN_BY[kind])}"
    assert refused.value.code is Code.WRONG_TELLER
    assert refused.value.en.startswith(f"{kind.wire_type()} is written by {writer}")
    assert refused.value.en.endswith(f"not by {source}")


@pytest.mark.parametrize("kind", FACTS.values(), ids=lambda kind: kind.type)
def test_a_service_may_record_what_its_readers_accept(kind: type[f.Fact]):
    for service in WRITTEN_BY[kind]:
        demand_rules(service).authorize(sample(kind))
    for service in set(Service) - WRITTEN_BY[kind]:
        with pytest.raises(Refused, match=f"{service} may not write"):
            demand_rules(service).authorize(sample(kind))
