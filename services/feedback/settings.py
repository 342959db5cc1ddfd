"""The settings of feedback, read from environment variables."""

from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, FilePath, ValidationInfo

from services.feedback.gateways.declared import declared
from services.feedback.webhooks.addresses import AllowedAddresses
from shared.chassis.base.settings import PublicSettings, noted
from shared.chassis.work.retention import RetentionSettings
from shared.identity.settings import LOOPBACK, SecretSettings
from shared.jurisdiction.settings import JurisdictionSettings


def _is_sound(path: Path | None) -> Path | None:
    if path:
        declared(path)
    return path


def _here_alone(inbox: bool, info: ValidationInfo) -> bool:
    """Refuse the inbox page unless the deployment is a local trial: whoever has a link acts for its citizen, so the
    links of real citizens must not be shown."""
    if inbox and urlsplit(info.data.get("database_url", "")).hostname not in LOOPBACK:
        raise ValueError("shows everybody's links: remove it, because DATABASE_URL is on another machine")
    if inbox and info.data.get("gateways"):
        raise ValueError("shows everybody's links: remove it, because HUYING_GATEWAYS is set")
    if inbox and not info.data.get("notification_file"):
        raise ValueError("shows the messages of a file: name the file in HUYING_NOTIFICATION_FILE")
    return inbox


def _is_networks(text: str) -> str:
    AllowedAddresses.of(text)
    return text


class FeedbackSettings(RetentionSettings, SecretSettings, PublicSettings, JurisdictionSettings):
    """The settings of feedback, in addition to those of every process."""

    notification_file: Path | None = Field(
        None,
        description="file to which messages are written as JSON lines; empty: they are logged",
        json_schema_extra=noted("feedback-worker", "gateway", "feedback-api"),
    )
    gateways: Annotated[FilePath | None, AfterValidator(_is_sound)] = Field(
        None,
        description="YAML file that declares the gateways of messages; empty: messages go to the file or the log",
        json_schema_extra=noted("feedback-worker", "gateway", "feedback-api"),
    )
    inbox: Annotated[bool, AfterValidator(_here_alone)] = Field(
        False,
        description="true: `/inbox` shows the messages of the file, with their links, to everybody. `make up` sets"
        " it if it"
        " starts the database itself. Refused with gateways, or with a database on another machine",
        json_schema_extra=noted("gateway", "feedback-api"),
    )
    messages_at_once: bool = Field(
        False,
        description="true: quiet hours and digests of the pack are ignored, for tests of gateways; opt-outs are"
        " still obeyed",
        json_schema_extra=noted("feedback-worker"),
    )
    intake_url: str = Field(
        "http://127.0.0.1:8080",
        pattern=r"^https?://",
        description="URL of intake, for contacts of citizens, who has read them, and checks of API keys and staff"
        " tokens",
        json_schema_extra=noted("feedback-worker", "feedback-api", here_only=True),
    )
    webhook_networks: Annotated[str, AfterValidator(_is_networks)] = Field(
        "",
        description="your own networks in which endpoints of webhooks may be, in addition to the internet, such as"
        " `10.1.0.0/16,fd00::/8`; http:// is allowed there too",
        json_schema_extra=noted("gateway", "feedback-api", "feedback-worker"),
    )
    keep_webhook_days: int = Field(
        30,
        ge=4,
        description="days for which the log of webhooks is kept, and deliveries that wait for a disabled webhook",
        json_schema_extra=noted("feedback-worker"),
    )
