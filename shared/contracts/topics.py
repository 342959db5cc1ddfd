"""Every Kafka topic, with its partitions, in one place."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Topic:
    """A log that services share; `carries` is the stream name that the journal uses for it."""

    name: str
    carries: str
    partitions: int


DEMAND_EVENTS: Final = Topic("huying.demand-events", "demand", 12)
PROJECT_EVENTS: Final = Topic("huying.project-events", "project", 12)
DEAD_LETTERS: Final = Topic("huying.dead-letters", "dead-letter", 1)

TOPICS: Final = (DEMAND_EVENTS, PROJECT_EVENTS, DEAD_LETTERS)
TOPIC_OF: Final = {topic.carries: topic.name for topic in TOPICS}
STREAM_OF: Final = {topic.name: topic.carries for topic in TOPICS}
