"""What routing reads from its environment."""

from pydantic import Field

from shared.chassis.base.settings import LISTENERS, SecretSettings, noted
from shared.chassis.work.retention import RetentionSettings


class RoutingSettings(RetentionSettings, SecretSettings):
    """Beside what every process has."""

    keep_answers_days: int = Field(
        30,
        ge=1,
        description="how long a repeated Idempotency-Key of staff is answered as at first; 409 from then on",
        json_schema_extra=noted(*LISTENERS),
    )
