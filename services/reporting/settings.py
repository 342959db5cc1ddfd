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
        description="checks the tokens of requests from the operations page; empty: such requests are refused",
        json_schema_extra=noted("gateway", "reporting-api"),
    )
    secret_previous: SecretOrNone = Field(
        "",
        description="the previous HUYING_SECRET, whose signatures are still accepted",
        json_schema_extra=noted("gateway", "reporting-api"),
    )
    keep_noughts_days: int = Field(
        62,
        ge=1,
        description="days for which counters with the value 0 are kept, because the counts of recent days still"
        " change often",
        json_schema_extra=noted(*LISTENERS),
    )
