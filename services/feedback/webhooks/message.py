"""Makes the event of a test: it has the form of all events, but belongs to no demand."""

from datetime import datetime
from typing import Final
from uuid import UUID

import orjson

TEST_TYPE: Final = "webhook.test"


def test_event(event: UUID, webhook: UUID, at: datetime) -> str:
    """A CloudEvent in JSON."""
    return orjson.dumps(
        {
            "specversion": "1.0",
            "id": event,
            "source": "/services/feedback",
            "type": TEST_TYPE,
            "subject": "",
            "time": at,
            "data": {"webhook": webhook},
        },
        default=str,
    ).decode()
