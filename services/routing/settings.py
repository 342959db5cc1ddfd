"""What routing reads from its environment."""

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
