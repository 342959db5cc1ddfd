"""What reporting reads from its environment."""

from pydantic import Field

from shared.chassis.pruning import PrunedSettings


class ReportingSettings(PrunedSettings):
    """Beside what every process has."""

    keep_noughts_days: int = Field(
        62, ge=1, description="counters that came to nothing, while their month or day may still change often"
    )
