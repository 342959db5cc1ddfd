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
        raise ValueError("shows everybody's links: take it away, since DATABASE_URL is not of this machine")
    if inbox and info.data.get("gateways"):
        raise ValueError("shows everybody's links: take it away, since HUYING_GATEWAYS is set")
    if inbox and not info.data.get("notification_file"):
        raise ValueError("shows the messages of a file: name one with HUYING_NOTIFICATION_FILE")
    return inbox


def _is_networks(text: str) -> str:
    AllowedAddresses.of(text)
    return text


class FeedbackSettings(RetentionSettings, SecretSettings, PublicSettings, JurisdictionSettings):
    """The settings of feedback, in addition to those of every process."""

    notification_file: Path | None = Field(
        None,
        description="messages go here as JSON lines; empty: the log",
        json_schema_extra=noted("feedback-worker", "gateway", "feedback-api"),
    )
    gateways: Annotated[FilePath | None, AfterValidator(_is_sound)] = Field(
        None,
        description="YAML file that declares the gateways of messages; empty: one file or the log stands for all",
        json_schema_extra=noted("feedback-worker", "gateway", "feedback-api"),
    )
    inbox: Annotated[bool, AfterValidator(_here_alone)] = Field(
        False,
        description="the messages of the file are shown at `/inbox`, to everybody, with their links; `make up` sets it"
        " where it starts the database itself, and it is refused with a database elsewhere, or with gateways",
        json_schema_extra=noted("gateway", "feedback-api"),
    )
    messages_at_once: bool = Field(
        False,
        description="quiet hours and digests of the pack do not count, for trying gateways out; opt-outs always do",
        json_schema_extra=noted("feedback-worker"),
    )
    intake_url: str = Field(
        "http://127.0.0.1:8080",
        pattern=r"^https?://",
        description="where intake tells whom a message is for, and who shows a key or a token",
        json_schema_extra=noted("feedback-worker", "feedback-api", here_only=True),
    )
    webhook_networks: Annotated[str, AfterValidator(_is_networks)] = Field(
        "",
        description="networks of your own that webhooks may lead to beside the internet, such as `10.1.0.0/16,fd00::/8`"
        " where http:// is taken too",
        json_schema_extra=noted("gateway", "feedback-api", "feedback-worker"),
    )
    keep_webhook_days: int = Field(
        30,
        ge=4,
        description="how long the log of webhooks is kept, and what waits for one that is disabled",
        json_schema_extra=noted("feedback-worker"),
    )
