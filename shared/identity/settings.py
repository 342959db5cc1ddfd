"""The settings of a process that signs or believes a signature: secrets, and how long a token is good."""

from pydantic import Field

from shared.chassis.base.secrecy import MAKE_ONE, Secret, SecretOrNone
from shared.chassis.base.settings import ProcessSettings, noted


class SecretSettings(ProcessSettings):
    """Beside them, for a process that signs or believes a signature."""

    secret: Secret = Field(description=f"signs links, staff tokens and calls between services; {MAKE_ONE}")
    secret_previous: SecretOrNone = Field(
        "",
        description="what HUYING_SECRET was before: still believed, never signed with;"
        " keep it for 400 days after the change, as long as the links in messages work",
    )
    lasting_secret: str = Field(
        "",
        description="citizens' secret codes and pseudonyms hang on it, so it never changes. Empty:"
        " HUYING_SECRET_PREVIOUS, else HUYING_SECRET; put the value of HUYING_SECRET here before you change that",
        json_schema_extra=noted("gateway", "intake-*"),
    )
    staff_token_hours: float = Field(
        12,
        gt=0,
        le=7 * 24,
        description="how long a token of `huying staff token` is good, from its making",
        json_schema_extra=noted("gateway", "intake-api", "routing-api"),
    )

    @property
    def lasting(self) -> str:
        """The secret behind whatever must be the same for ever."""
        return self.lasting_secret or self.secret_previous or self.secret
