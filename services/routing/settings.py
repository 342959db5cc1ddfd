"""The settings of routing, read from environment variables."""

from pydantic import Field

from shared.chassis.base.settings import LISTENERS, noted
from shared.chassis.work.retention import RetentionSettings
from shared.identity.settings import SignInSettings
from shared.jurisdiction.settings import JurisdictionSettings


class RoutingSettings(RetentionSettings, SignInSettings, JurisdictionSettings):
    """Beside what every process has."""

    keep_answers_days: int = Field(
        30,
        ge=1,
        description="how long a repeated Idempotency-Key of staff is answered as at first; 409 from then on",
        json_schema_extra=noted(*LISTENERS),
    )
    intake_url: str = Field(
        "http://127.0.0.1:8080",
        pattern=r"^https?://",
        description="where intake tells how a citizen is reached, and to whom it was told",
        json_schema_extra=noted("routing-api", here_only=True),
    )
    feedback_url: str = Field(
        "http://127.0.0.1:8080",
        pattern=r"^https?://",
        description="where feedback tells what became of messages",
        json_schema_extra=noted("routing-api", here_only=True),
    )
    reporting_url: str = Field(
        "",
        pattern=r"^($|https?://)",
        description="where reporting tells how it is, for the page of operations; empty: it is not asked",
        json_schema_extra=noted("gateway", "routing-api"),
    )
