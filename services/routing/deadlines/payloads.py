"""What is pending of a demand, as the JSON that its timer carries."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from services.routing.deadlines.domain import Deadline, Pending
from shared.contracts.demand.facts import Stage

Payload = Mapping[str, Any]


def payload_of(parts: Sequence[Pending]) -> Payload:
    """`{"open": [[stage, unit, due time, step], …]}`; the end of a pause has no stage.

    `until` is added to what was set aside: it tells nothing later than that.
    """
    return {"open": [[due.stage, due.unit, due.at.isoformat(), step] for due, step in parts]}


def parts_of(payload: Payload) -> list[Pending]:
    """What is pending by a payload."""
    return [
        Pending(Deadline(Stage(stage) if stage else None, unit, datetime.fromisoformat(at)), step)
        for stage, unit, at, step in payload["open"]
    ]
