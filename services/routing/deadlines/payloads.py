"""What is pending of a demand, as the JSON that its timer carries."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from services.routing.deadlines.domain import Deadline, Pending
from shared.contracts.demand.facts import Stage

Payload = Mapping[str, Any]


def payload_of(parts: Sequence[Pending]) -> Payload:
    """`{"open": [[stage, unit, due time, step, when], …]}`; the end of a pause has no stage.

    `until` is added to what was set aside: it tells nothing later than that.
    """
    return {"open": [(due.stage, due.unit, due.at, step, at) for due, step, at in parts]}


def parts_of(payload: Payload) -> list[Pending]:
    """What is pending by a payload as it is stored: its moments are text."""
    return [
        Pending(Deadline(Stage(stage) if stage else None, unit, _moment(due_at)), step, _moment(at))
        for stage, unit, due_at, step, at in payload["open"]
    ]


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
