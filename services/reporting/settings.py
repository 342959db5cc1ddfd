"""What reporting reads from its environment."""

from shared.chassis.settings import ProcessSettings


class ReportingSettings(ProcessSettings):
    """Nothing beside what every process has."""
