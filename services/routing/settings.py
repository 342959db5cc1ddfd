"""The settings of routing, read from environment variables."""

from pydantic import Field

from shared.chassis.base.settings import LISTENERS, noted
from shared.chassis.work.retention import RetentionSettings
from shared.identity.settings import SignInSettings
from shared.jurisdiction.settings import JurisdictionSettings


class RoutingSettings(RetentionSettings, SignInSettings, JurisdictionSettings):
    """The settings of routing, in addition to those of every process."""

    keep_answers_days: int = Field(
        30,
        ge=1,
        description="days for which a repeated Idempotency-Key of staff gets the first answer again; then 409",
        json_schema_extra=noted(*LISTENERS),
    )
    intake_url: str = Field(
        "http://127.0.0.1:8080",
        pattern=r"^https?://",
        description="URL of intake, for contacts of citizens, who has read them, and checks of API keys and staff"
        " tokens",
        json_schema_extra=noted("routing-api", here_only=True),
    )
    feedback_url: str = Field(
        "http://127.0.0.1:8080",
        pattern=r"^https?://",
        description="URL of feedback, which is asked for the state of messages",
        json_schema_extra=noted("routing-api", here_only=True),
    )
    reporting_url: str = Field(
        "",
        pattern=r"^($|https?://)",
        description="URL of reporting, for its state on the operations page; empty: not shown",
        json_schema_extra=noted("gateway", "routing-api"),
    )
