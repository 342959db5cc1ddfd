"""What feedback reads from its environment."""

from pathlib import Path

from pydantic import Field

from shared.chassis.settings import ProcessSettings


class FeedbackSettings(ProcessSettings):
    """Beside what every process has."""

    notification_file: Path | None = Field(None, description="messages go here as JSON lines; empty: the log")
