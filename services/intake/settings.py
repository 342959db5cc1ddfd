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
        raise ValueError("must be https://HOST/… or /…, with {z}, {x} and {y}; {s} is not supported")
    if missing := [part for part in ("{z}", "{x}", "{y}") if part not in address]:
        raise ValueError(f"has no {' and no '.join(missing)}: they stand for zoom, column and row of a tile")
    return address


class IntakeSettings(RetentionSettings, StaffSettings, PublicSettings, JurisdictionSettings):
    """The settings of intake, in addition to those of every process."""

    vault_key: Secret = Field(
        description=f"encrypts the keys of the contact vault; {MAKE_ONE}, but not with the backups of the database"
    )
    vault_old_key: str = Field("", description="the previous HUYING_VAULT_KEY, until `huying vault rotate` has run")
    suggestion_models: Path | None = Field(
        None,
        description="folder of the models that `huying suggest train` wrote; none: only keywords suggest categories",
        json_schema_extra=noted(*_API),
    )
    attachments_folder: Path | None = Field(
        None, description="folder in which attachments are stored, unless they are in S3"
    )
    attachments_s3_url: str = Field(
        "",
        pattern=r"^($|https?://[^/]+/[^/]+/?$)",
        description="bucket for attachments, as https://SERVER/BUCKET; used instead of the folder",
    )
    attachments_s3_key_id: str = Field("", description="id of the access key for this bucket")
    attachments_s3_secret: SecretStr = Field(SecretStr(""), description="secret of the access key for this bucket")
    attachments_s3_region: str = Field("us-east-1", description="region of this bucket")
    attachment_max_picture: int = Field(
        10 * 1_048_576, ge=1024, le=MAX_ATTACHMENT, description="the largest accepted picture, in bytes"
    )
    attachment_max_file: int = Field(
        20 * 1_048_576, ge=1024, le=MAX_ATTACHMENT, description="the largest accepted PDF, in bytes"
    )
    attachment_max_pixels: int = Field(
        50_000_000, ge=10_000, le=80_000_000, description="the largest accepted picture, in pixels"
    )
    clamav: str = Field(
        "",
        pattern=r"^($|tcp://|unix:///)",
        description="clamd that scans attachments, as tcp://HOST:PORT or unix:///PATH; empty: no scan",
    )
    portal_jurisdictions: str = Field(
        "",
        description="packs, separated by commas, whose citizens can raise demands at the portal; empty: all",
        json_schema_extra=noted(*_API),
    )
    portal_sends_per_hour: int = Field(
        60,
        ge=1,
        description="how many demands and supports one IP address may send at the portal in an hour; in a carrier's"
        " network"
        " many people share an address. Behind a proxy on another machine, uvicorn needs FORWARDED_ALLOW_IPS",
        json_schema_extra=noted(*_API),
    )
    map_tiles: Annotated[str, AfterValidator(_of_tiles)] = Field(
        "",
        description="address of map tiles, such as https://tiles.example.gov.cn/{z}/{x}/{y}.png; browsers load them"
        " from"
        " there and send no Referer. Empty: pages have no map, but lists and positions still work",
        json_schema_extra=noted(*_API),
    )
    map_attribution: str = Field(
        "",
        description="text below each map that names its owner, as the terms of the map service require",
        json_schema_extra=noted(*_API),
    )
    map_coordinates: Literal["wgs84", "gcj02"] = Field(
        "wgs84",
        description="the coordinate system of the map tiles: gcj02 for most Chinese maps, wgs84 for Tianditu;"
        " positions are"
        " stored in WGS-84 and converted",
        json_schema_extra=noted(*_API),
    )
    reporting_url: str = Field(
        "",
        pattern=r"^($|https?://)",
        description="URL of reporting, for the figures of the month on the first page of the portal, and for its"
        " state on"
        " the operations page; empty: not shown",
        json_schema_extra=noted(*_API),
    )
    wechat_picture_hosts: str = Field(
        "",
        description="HOST or HOST:PORT, separated by commas, from which pictures of WeChat are fetched; empty: none",
        json_schema_extra=noted(*_API),
    )
    keep_conversations_days: int = Field(
        365,
        ge=1,
        description="days without a message after which a sender must give the number and the code of a demand again",
        json_schema_extra=noted(*LISTENERS),
    )
    keep_events_days: int = Field(
        30,
        ge=1,
        description="days for which channels can read events again from a cursor; the demands themselves are kept",
        json_schema_extra=noted(*LISTENERS),
    )
    event_streams_per_channel: int = Field(
        10,
        ge=1,
        description="the most event streams that a channel may have open at the same time in each API process",
        json_schema_extra=noted(*_API),
    )
    mail_host: str = Field(
        "127.0.0.1",
        description="address on which this process receives mail; 0.0.0.0: all addresses",
        json_schema_extra=noted(_MAIL),
    )
    mail_port: int = Field(
        8025,
        ge=1,
        le=65535,
        description="port on which this process receives mail from the mail server",
        json_schema_extra=noted(_MAIL),
    )
    mail_protocol: Literal["lmtp", "smtp"] = Field(
        "lmtp", description="protocol by which the mail server delivers", json_schema_extra=noted(_MAIL)
    )
    open311_contact: str = Field(
        "Ask the operators of this server for a channel key / 请向本平台运维人员申请渠道密钥",
        description="whom to ask for an API key; shown in Open311's discovery",
        json_schema_extra=noted(*_API),
    )
    open311_type: Literal["test", "production"] = Field(
        "test",
        description="whether this server has test data or real demands; shown in Open311's discovery",
        json_schema_extra=noted(*_API),
    )
    open311_other_url: str = Field(
        "",
        pattern=r"^($|https?://\S+$)",
        description="Open311 address of the production server if this is the test server, or the reverse; shown in"
        " discovery",
        json_schema_extra=noted(*_API),
    )
