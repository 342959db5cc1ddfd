"""What intake reads from its environment."""

from typing import Literal

from pydantic import Field

from shared.chassis.settings import ProcessSettings


class IntakeSettings(ProcessSettings):
    """Beside what every process has."""

    vault_key: str = Field(
        "only-for-trying-change-me-only-for-trying",
        min_length=32,
        description="wraps the keys of the contact vault; keep it apart from the database's backups",
    )
    open311_contact: str = Field(
        "Ask the operators of this server for a channel key / 请向本平台运维人员申请渠道密钥",
        description="whom other systems ask for a key; shown in Open311's discovery",
    )
    open311_type: Literal["test", "production"] = Field("test", description="whether demands are real here")
