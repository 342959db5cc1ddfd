"""What intake reads from its environment."""

from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr

from shared.chassis.bodies import MAX_ATTACHMENT
from shared.chassis.pruning import PrunedSettings
from shared.chassis.settings import MAKE_ONE, SecretSettings


class IntakeSettings(PrunedSettings, SecretSettings):
    """Beside what every process has."""

    vault_key: str = Field(
        min_length=32,
        description=f"wraps the keys of the contact vault; {MAKE_ONE} apart from the database's backups",
    )
    vault_old_key: str = Field("", description="the vault key before, until `huying vault rotate` has run")
    suggestion_models: Path | None = Field(
        None, description="folder of models that `huying suggest train` wrote; none: keywords alone suggest categories"
    )
    attachments_folder: Path | None = Field(None, description="where attachments lie, unless they go to S3")
    attachments_s3_url: str = Field(
        "", pattern=r"^($|https?://[^/]+/[^/]+/?$)", description="https://SERVER/BUCKET; takes the folder's place"
    )
    attachments_s3_key_id: str = ""
    attachments_s3_secret: SecretStr = SecretStr("")
    attachments_s3_region: str = "us-east-1"
    attachment_max_picture: int = Field(10 * 1_048_576, ge=1024, le=MAX_ATTACHMENT, description="bytes")
    attachment_max_file: int = Field(20 * 1_048_576, ge=1024, le=MAX_ATTACHMENT, description="bytes")
    attachment_max_pixels: int = Field(50_000_000, ge=10_000, le=80_000_000)
    clamav: str = Field(
        "", pattern=r"^($|tcp://|unix:///)", description="tcp://HOST:PORT or unix:///PATH of clamd; empty: not scanned"
    )
    wechat_picture_hosts: str = Field(
        "", description="HOST or HOST:PORT, with commas, from which WeChat's pictures are fetched; empty: none"
    )
    keep_conversations_days: int = Field(
        365, ge=1, description="after so long a silence a sender names the number and the code of a demand again"
    )
    mail_host: str = "127.0.0.1"
    mail_port: int = Field(8025, ge=1, le=65535, description="where the mail system hands letters over")
    mail_protocol: str = Field("lmtp", pattern="^(lmtp|smtp)$")
    open311_contact: str = Field(
        "Ask the operators of this server for a channel key / 请向本平台运维人员申请渠道密钥",
        description="whom other systems ask for a key; shown in Open311's discovery",
    )
    open311_type: Literal["test", "production"] = Field("test", description="whether demands are real here")
    open311_other_url: str = Field(
        "",
        pattern=r"^($|https?://\S+$)",
        description="address of the production server where this is the test one, or the reverse; discovery names both",
    )
