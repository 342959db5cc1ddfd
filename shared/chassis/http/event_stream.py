"""Recognises answers that are event streams."""

from typing import Any


def is_event_stream(start: Any) -> bool:
    """Whether an answer is an event stream. It lasts as long as the client listens, so only the time to its start
    counts as its duration."""
    return any(name == b"content-type" and value.startswith(b"text/event-stream") for name, value in start["headers"])
