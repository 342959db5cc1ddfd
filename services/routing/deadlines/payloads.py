"""Converts the pending steps of a demand to and from the JSON payload of its timer."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from services.routing.deadlines.domain import Deadline, Pending
from shared.contracts.demand.facts import Stage

Payload = Mapping[str, Any]


def payload_of(parts: Sequence[Pending]) -> Payload:
    """The payload `{"open": [[stage, unit, due time, step, moment of the step], …]}`; the end of a pause has no stage.

    A timer that was set aside also has `until`: it records no step after that moment.
    """
    return {"open": [(due.stage, due.unit, due.at, step, at) for due, step, at in parts]}


def parts_of(payload: Payload) -> list[Pending]:
    """The pending steps of a stored payload, in which moments are text."""
    return [
        Pending(Deadline(Stage(stage) if stage else None, unit, _moment(due_at)), step, _moment(at))
        for stage, unit, due_at, step, at in payload["open"]
    ]


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
