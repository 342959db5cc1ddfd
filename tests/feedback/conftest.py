"""Feedback's database and its repository."""

from collections.abc import AsyncIterator

import pytest

from services.feedback.notifications.projection import notification_projection
from services.feedback.ratings.domain import Reaction
from shared.chassis.aggregates.repository import Repository
from shared.chassis.database.pool import Pool, open_pool
from shared.contracts.demand.rules import demand_rules
from shared.contracts.demand.state import Service
from tests.feedback.office import LINKS, Book
from tests.packs import shipped


@pytest.fixture
async def pool(database: str) -> AsyncIterator[Pool]:
    async with await open_pool(database, "feedback") as found:
        yield found


@pytest.fixture
def repository() -> Book:
    return Repository(
        "demand", demand_rules(Service.FEEDBACK, Reaction(shipped())), notification_projection(shipped(), LINKS)
    )
