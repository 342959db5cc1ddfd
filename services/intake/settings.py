"""What intake reads from its environment."""

from pathlib import Path

from pydantic import Field

from shared.chassis.settings import ProcessSettings


class IntakeSettings(ProcessSettings):
    """Beside what every process has."""

    vault_key: str = Field(
        "only-for-trying-change-me-only-for-trying",
        min_length=32,
        description="wraps the keys of the contact vault; keep it apart from the database's backups",
    )
    suggestion_models: Path | None = Field(
        None, description="folder of models that `huying suggest train` wrote; none: keywords alone suggest categories"
    )
