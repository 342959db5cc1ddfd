"""What intake reads from its environment."""

from pydantic import Field

from shared.chassis.settings import ProcessSettings


class IntakeSettings(ProcessSettings):
    """Beside what every process has."""

    vault_key: str = Field(
        "only-for-trying-change-me-only-for-trying",
        min_length=32,
        description="wraps the keys of the contact vault; keep it apart from the database's backups",
    )
    mail_host: str = "127.0.0.1"
    mail_port: int = Field(8025, ge=1, le=65535, description="where the mail system hands letters over")
    mail_protocol: str = Field("lmtp", pattern="^(lmtp|smtp)$")
