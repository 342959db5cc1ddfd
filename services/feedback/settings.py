"""What feedback reads from its environment."""

from pathlib import Path

from pydantic import Field

from shared.chassis.base.settings import PublicSettings, noted
from shared.chassis.work.retention import RetentionSettings
from shared.identity.settings import SecretSettings
from shared.jurisdiction.settings import JurisdictionSettings


class FeedbackSettings(RetentionSettings, SecretSettings, PublicSettings, JurisdictionSettings):
    """Beside what every process has."""

    notification_file: Path | None = Field(
        None,
        description="messages go here as JSON lines; empty: the log",
        json_schema_extra=noted("feedback-worker"),
    )
    intake_url: str = Field(
        "http://127.0.0.1:8080",
        pattern=r"^https?://",
        description="where intake tells whom a message is for",
        json_schema_extra=noted("feedback-worker", here_only=True),
    )
