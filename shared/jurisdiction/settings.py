"""The settings for the served jurisdiction packs and their folder."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class JurisdictionSettings(BaseSettings):
    """The additional settings of a process that serves jurisdictions."""

    model_config = SettingsConfigDict(env_prefix="HUYING_", extra="ignore")

    jurisdictions_dir: Path = Field(
        Path(__file__).parents[2] / "deploy" / "jurisdictions",
        description="folder of the jurisdiction packs; each pack is in a folder with its name",
    )
    jurisdictions: str = Field("nanhai", description="packs to serve, separated by commas; the first is the default")
