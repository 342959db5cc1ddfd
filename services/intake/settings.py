"""The settings of intake, read from environment variables."""

import re
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, Field, SecretStr

from shared.chassis.base.secrecy import MAKE_ONE, Secret
from shared.chassis.base.settings import LISTENERS, PublicSettings, noted
from shared.chassis.work.retention import RetentionSettings
from shared.identity.settings import StaffSettings
from shared.jurisdiction.settings import JurisdictionSettings

MAX_ATTACHMENT: Final = 20 * 1_048_576
"""The largest size, in bytes, that a deployment can set for files."""
_API: Final = ("gateway", "intake-api")
_MAIL: Final = "intake-mail"
_HERE_OR_THERE: Final = r"(?:https?://[\w.-]+(?::\d+)?)?/[^\s\"'<>;,]*"


def _of_tiles(address: str) -> str:
    """Validate the URL template of map tiles."""
    if not address:
        return address
    if not re.fullmatch(_HERE_OR_THERE, address):
        raise ValueError("is https://HOST/… with {z}, {x} and {y}, or /… on this host; {s} is not known")
    if missing := [part for part in ("{z}", "{x}", "{y}") if part not in address]:
        raise ValueError(f"has no {' and no '.join(missing)}: say where the pictures of a place are")
    return address


class IntakeSettings(RetentionSettings, StaffSettings, PublicSettings, JurisdictionSettings):
    """The settings of intake, in addition to those of every process."""

    vault_key: Secret = Field(
        description=f"wraps the keys of the contact vault; {MAKE_ONE} apart from the database's backups"
    )
    vault_old_key: str = Field("", description="the vault key before, until `huying vault rotate` has run")
    suggestion_models: Path | None = Field(
        None,
        description="folder of models that `huying suggest train` wrote; none: keywords alone suggest categories",
        json_schema_extra=noted(*_API),
    )
    attachments_folder: Path | None = Field(None, description="where attachments lie, unless they go to S3")
    attachments_s3_url: str = Field(
        "", pattern=r"^($|https?://[^/]+/[^/]+/?$)", description="https://SERVER/BUCKET; takes the folder's place"
    )
    attachments_s3_key_id: str = Field("", description="name of the key of that bucket")
    attachments_s3_secret: SecretStr = Field(SecretStr(""), description="the key of that bucket")
    attachments_s3_region: str = Field("us-east-1", description="region of that bucket")
    attachment_max_picture: int = Field(
        10 * 1_048_576, ge=1024, le=MAX_ATTACHMENT, description="bytes of a picture that is taken"
    )
    attachment_max_file: int = Field(
        20 * 1_048_576, ge=1024, le=MAX_ATTACHMENT, description="bytes of a PDF that is taken"
    )
    attachment_max_pixels: int = Field(
        50_000_000, ge=10_000, le=80_000_000, description="pixels of a picture that is taken"
    )
    clamav: str = Field(
        "", pattern=r"^($|tcp://|unix:///)", description="tcp://HOST:PORT or unix:///PATH of clamd; empty: not scanned"
    )
    portal_jurisdictions: str = Field(
        "",
        description="packs, with commas between, in which citizens raise demands at the pages; empty: all",
        json_schema_extra=noted(*_API),
    )
    portal_sends_per_hour: int = Field(
        60,
        ge=1,
        description="demands and supports that one address may send at the pages within an hour; many people share one"
        " behind a carrier's network. Behind a proxy on another machine uvicorn needs FORWARDED_ALLOW_IPS",
        json_schema_extra=noted(*_API),
    )
    map_tiles: Annotated[str, AfterValidator(_of_tiles)] = Field(
        "",
        description="address of the pictures of maps, as https://tiles.example.gov.cn/{z}/{x}/{y}.png; browsers load"
        " them from there and send no Referer. Empty: no map is offered, lists and positions remain",
        json_schema_extra=noted(*_API),
    )
    map_attribution: str = Field(
        "",
        description="whose maps they are, as their terms ask to be shown below each",
        json_schema_extra=noted(*_API),
    )
    map_coordinates: Literal["wgs84", "gcj02"] = Field(
        "wgs84",
        description="the coordinate system in which the maps are drawn; positions are kept in WGS-84 and converted for"
        " gcj02, as most Chinese maps are; Tianditu is drawn as wgs84",
        json_schema_extra=noted(*_API),
    )
    reporting_url: str = Field(
        "",
        pattern=r"^($|https?://)",
        description="where reporting tells the figures of the month that the first page of the portal shows, and how it"
        " is for the page of operations; empty: neither shows it",
        json_schema_extra=noted(*_API),
    )
    wechat_picture_hosts: str = Field(
        "",
        description="HOST or HOST:PORT, with commas, from which WeChat's pictures are fetched; empty: none",
        json_schema_extra=noted(*_API),
    )
    keep_conversations_days: int = Field(
        365,
        ge=1,
        description="after so long a silence a sender names the number and the code of a demand again",
        json_schema_extra=noted(*LISTENERS),
    )
    keep_events_days: int = Field(
        30,
        ge=1,
        description="how long channels can read events again from a cursor; the demands themselves stay",
        json_schema_extra=noted(*LISTENERS),
    )
    event_streams_per_channel: int = Field(
        10,
        ge=1,
        description="event streams that one channel may have open in each API process at once",
        json_schema_extra=noted(*_API),
    )
    mail_host: str = Field(
        "127.0.0.1",
        description="address on which letters are taken; 0.0.0.0: on every one",
        json_schema_extra=noted(_MAIL),
    )
    mail_port: int = Field(
        8025,
        ge=1,
        le=65535,
        description="where the mail system hands letters over",
        json_schema_extra=noted(_MAIL),
    )
    mail_protocol: Literal["lmtp", "smtp"] = Field(
        "lmtp", description="how it hands them over", json_schema_extra=noted(_MAIL)
    )
    open311_contact: str = Field(
        "Ask the operators of this server for a channel key / 请向本平台运维人员申请渠道密钥",
        description="whom other systems ask for a key; shown in Open311's discovery",
        json_schema_extra=noted(*_API),
    )
    open311_type: Literal["test", "production"] = Field(
        "test", description="whether demands are real here", json_schema_extra=noted(*_API)
    )
    open311_other_url: str = Field(
        "",
        pattern=r"^($|https?://\S+$)",
        description="address of the production server where this is the test one, or the reverse; discovery names both",
        json_schema_extra=noted(*_API),
    )
