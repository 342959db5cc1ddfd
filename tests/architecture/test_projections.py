"""Every projection says of every fact of its stream whether it is made of it."""

from typing import Any

import pytest

from deploy.cli.services import manifests
from services.feedback import assembled as feedback_parts
from services.feedback.settings import FeedbackSettings
from services.intake import assembled as intake_parts
from services.reporting import assembled as reporting_parts
from services.routing import assembled as routing_parts
from shared.chassis.aggregates.projections import Composed, Projection
from shared.chassis.aggregates.repository import Repository
from shared.contracts.event_types import FACTS
from tests.keys import KEYS
from tests.packs import shipped

SETTINGS = FeedbackSettings.model_validate(KEYS | {"DATABASE_URL": "postgresql://nowhere"})
REPOSITORIES: dict[str, Repository[Any, Any]] = {
    "intake": intake_parts.demand_repository(shipped()),
    "routing": routing_parts.demand_repository(shipped()),
    "feedback": feedback_parts.demand_repository(shipped(), SETTINGS),
    "reporting": reporting_parts.demand_repository(shipped()),
}


def test_no_service_is_left_out():
    assert set(REPOSITORIES) == {service.name for service in manifests()}


def names(kinds: Any) -> set[str]:
    return {kind.__name__ for kind in kinds}


@pytest.mark.parametrize("service", REPOSITORIES)
def test_every_projection_names_every_fact_of_its_stream_once(service: str):
    repository = REPOSITORIES[service]
    facts = names(kind for wire_type, kind in FACTS.items() if repository.rules.handles(wire_type))
    assert isinstance(repository.project, Composed), "composed of declared projections"
    assert repository.project.parts
    for projection in repository.project.parts:
        assert isinstance(projection, Projection)
        written = f"{projection.write.__module__}.{projection.write.__qualname__}"
        on, ignored = names(projection.on), names(projection.ignores)
        assert not on & ignored, f"{written} is made of these and ignores them too"
        assert facts == on | ignored, f"{written} says nothing of these, or names what is no fact"
