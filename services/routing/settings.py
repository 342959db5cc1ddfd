"""What routing reads from its environment."""

from shared.chassis.settings import SecretSettings


class RoutingSettings(SecretSettings):
    """Nothing beside what every process has."""
