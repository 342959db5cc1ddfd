"""Feedback's database and its repository."""

import pytest

from services.feedback.notifications.projection import notification_projection
from services.feedback.ratings.domain import Reaction
from services.feedback.webhooks.interest import Interest
from services.feedback.webhooks.projection import webhook_projection
from shared.chassis.aggregates.projections import compose
from shared.chassis.aggregates.repository import Repository
from shared.chassis.database.pool import Pool
from shared.contracts.demand.rules import demand_rules
from shared.contracts.demand.state import Service
from tests.databases import Databases
from tests.feedback.senders import LINKS, Repo
from tests.packs import shipped


@pytest.fixture
async def pool(databases: Databases, database: str) -> Pool:
    return await databases.pool(database, "feedback")


@pytest.fixture
def repository() -> Repo:
    notices = notification_projection(shipped(), LINKS)
    project = compose(*notices.parts, webhook_projection(shipped(), Interest()))
    return Repository("demand", demand_rules(Service.FEEDBACK, Reaction(shipped())), project)
