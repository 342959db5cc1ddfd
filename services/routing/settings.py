"""What routing reads from its environment."""

from shared.chassis.settings import ProcessSettings


class RoutingSettings(ProcessSettings):
    """Nothing beside what every process has."""
