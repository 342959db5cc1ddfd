"""Tells answers that have no end from the others."""

from typing import Any


def is_event_stream(start: Any) -> bool:
    """Whether an answer goes on for as long as somebody listens: it took as long as until it began."""
    return any(name == b"content-type" and value.startswith(b"text/event-stream") for name, value in start["headers"])
