"""What reporting reads from its environment."""

from pydantic import Field

from shared.chassis.base.settings import LISTENERS, noted
from shared.chassis.work.retention import RetentionSettings
from shared.jurisdiction.settings import JurisdictionSettings


class ReportingSettings(RetentionSettings, JurisdictionSettings):
    """Beside what every process has."""

    keep_noughts_days: int = Field(
        62,
        ge=1,
        description="how long counters that came to nothing are kept: their month or day may still change often",
        json_schema_extra=noted(*LISTENERS),
    )
