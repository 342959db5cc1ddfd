"""What feedback reads from its environment."""

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field, FilePath

from services.feedback.gateways.declared import declared
from shared.chassis.base.settings import PublicSettings, noted
from shared.chassis.work.retention import RetentionSettings
from shared.identity.settings import SecretSettings
from shared.jurisdiction.settings import JurisdictionSettings


def _is_sound(path: Path | None) -> Path | None:
    if path:
        declared(path)
    return path


class FeedbackSettings(RetentionSettings, SecretSettings, PublicSettings, JurisdictionSettings):
    """Beside what every process has."""

    notification_file: Path | None = Field(
        None,
        description="messages go here as JSON lines; empty: the log",
        json_schema_extra=noted("feedback-worker"),
    )
    gateways: Annotated[FilePath | None, AfterValidator(_is_sound)] = Field(
        None,
        description="YAML file that declares the gateways of messages; empty: one file or the log stands for all",
        json_schema_extra=noted("feedback-*"),
    )
    intake_url: str = Field(
        "http://127.0.0.1:8080",
        pattern=r"^https?://",
        description="where intake tells whom a message is for",
        json_schema_extra=noted("feedback-worker", here_only=True),
    )
