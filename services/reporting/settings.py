"""The settings of reporting, read from environment variables."""

from pydantic import Field

from shared.chassis.base.secrecy import SecretOrNone
from shared.chassis.base.settings import LISTENERS, noted
from shared.chassis.work.retention import RetentionSettings
from shared.jurisdiction.settings import JurisdictionSettings


class ReportingSettings(RetentionSettings, JurisdictionSettings):
    """The settings of reporting, in addition to those of every process."""

    secret: SecretOrNone = Field(
        "",
        description="signs the tokens with which the desk's page of operations asks; empty: that page is told nothing",
        json_schema_extra=noted("gateway", "reporting-api"),
    )
    secret_previous: SecretOrNone = Field(
        "",
        description="what HUYING_SECRET was before: still believed",
        json_schema_extra=noted("gateway", "reporting-api"),
    )
    keep_noughts_days: int = Field(
        62,
        ge=1,
        description="how long counters that came to nothing are kept: their month or day may still change often",
        json_schema_extra=noted(*LISTENERS),
    )
