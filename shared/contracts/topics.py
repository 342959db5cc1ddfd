"""The Kafka topics with their streams and numbers of partitions."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic; `carries` is the name of its stream in the journals."""

    name: str
    carries: str
    partitions: int


DEMAND_EVENTS: Final = Topic("huying.demand-events", "demand", 12)
PROJECT_EVENTS: Final = Topic("huying.project-events", "project", 12)
DEAD_LETTERS: Final = Topic("huying.dead-letters", "dead-letter", 1)

TOPICS: Final = (DEMAND_EVENTS, PROJECT_EVENTS, DEAD_LETTERS)
TOPIC_OF: Final = {topic.carries: topic.name for topic in TOPICS}
STREAM_OF: Final = {topic.name: topic.carries for topic in TOPICS}
