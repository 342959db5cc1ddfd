"""Stores how each channel's gateway speaks: names, numbers and secrets, set by `huying channel set`."""

from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Final, Literal
from uuid import UUID

import orjson
from asyncpg import UniqueViolationError
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr

from services.intake.channels import queries, quota
from services.intake.channels.channel import Channel
from services.intake.channels.queries import SealedSecrets, StoredChannel
from services.intake.vault.sealing import Vault
from shared.chassis.base.clock import uuid5
from shared.chassis.database.pool import Pool
from shared.contracts.demand.facts import ChannelKind
from shared.contracts.refusals import Code, FieldError, Refused

_CHANNELS: Final = UUID("2d0c7b1e-6f0f-5b43-8b52-3c1b6a8e9d10")
_AES_KEY_LENGTH: Final = 43
Name = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[\w.-]+$")]

Mailbox = Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+$"), AfterValidator(str.lower)]


def _aes_key(secret: SecretStr) -> SecretStr:
    text = secret.get_secret_value()
    if len(text) != _AES_KEY_LENGTH or not text.isalnum() or not text.isascii() or len(b64decode(text + "=")) != 32:
        raise ValueError("is not an EncodingAESKey: copy the 43 letters and digits from the account's settings")
    return secret


class ChannelSettings(BaseModel):
    """The settings of a channel's gateway."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    division: Annotated[str | None, Field(description="the division of what comes without one")] = None
    quota_per_minute: Annotated[int, Field(ge=1, le=1_000_000, description="requests; shared by all API processes")] = (
        quota.USUAL
    )
    conversation_minutes: Annotated[int, Field(ge=0, le=7 * 24 * 60, description="a sender goes on speaking of")] = 30
    mailbox: Mailbox | None = None
    sms_sender: Name = "from"
    sms_text: Name = "text"
    sms_reference: Name = "id"
    sms_key: Name = "key"
    sms_charset: Annotated[
        Literal["utf-8", "gb18030", "utf-16-be", "utf-16-le"], Field(description="in which the gateway writes the text")
    ] = "utf-8"
    sms_encoding: Annotated[
        Literal["plain", "hex"], Field(description="`hex` where the gateway writes the bytes of a text as hexadecimal")
    ] = "plain"
    sms_udh: Annotated[
        Name, Field(description="the header that names a part of a long text, where it is sent apart from the words")
    ] = "udh"
    sms_part_reference: Annotated[
        Name | None, Field(description="what the parts of one long text have in common, where the gateway counts parts")
    ] = None
    sms_part_number: Annotated[Name | None, Field(description="which part it is, from 1")] = None
    sms_part_total: Annotated[Name | None, Field(description="how many parts there are")] = None
    sms_parts_minutes: Annotated[
        int, Field(ge=1, le=24 * 60, description="a long text waits for its last part; then what came is taken")
    ] = 10
    sms_answer: Annotated[
        str | None, Field(max_length=1000, description="what a gateway that posts JSON wants to be answered")
    ] = None
    wechat_app_id: Name | None = None
    wechat_token: SecretStr | None = None
    wechat_aes_key: Annotated[SecretStr, AfterValidator(_aes_key)] | None = None


SECRETS: Final = frozenset({"wechat_token", "wechat_aes_key"})


@dataclass(frozen=True, slots=True)
class ChannelGateway:
    """A channel with the settings of its gateway."""

    channel: Channel
    settings: ChannelSettings


@dataclass(frozen=True, slots=True)
class GatewayRegistry:
    """Reads and writes the settings of channels; secrets are sealed with the vault's master key."""

    pool: Pool
    vault: Vault

    async def gateway(self, channel: str) -> ChannelGateway:
        """The channel with this id and its settings; raises `Refused`."""
        async with self.pool.acquire(timeout=5) as db:
            row = await queries.by_id(db, channel)
        return self._found(channel, row)

    async def of_mailbox(self, address: str) -> ChannelGateway | None:
        """The channel that receives e-mail at this address; raises `Refused`."""
        async with self.pool.acquire(timeout=5) as db:
            row = await queries.by_mailbox(db, address.lower())
        return self._read(row) if row else None

    async def put(self, channel: str, changes: Mapping[str, str | None]) -> ChannelSettings:
        """Change these settings and keep the others; None deletes a value. Raises `ValidationError` or `Refused`."""
        async with self.pool.acquire(timeout=5) as db, db.transaction():
            known = self._found(channel, await queries.locked(db, channel)).settings
            fields = {name: value for name, value in {**_plain(known), **changes}.items() if value is not None}
            settings = ChannelSettings.model_validate(fields)
            try:
                await queries.put(db, channel, *self._sealed(channel, settings))
            except UniqueViolationError:
                raise _mailbox_taken(settings.mailbox or "") from None
        return settings

    def _sealed(self, channel: str, settings: ChannelSettings) -> tuple[str, SealedSecrets]:
        fields = {name: value for name, value in _plain(settings).items() if value is not None}
        secret = orjson.dumps({name: fields.pop(name) for name in SECRETS & fields.keys()})
        key = self.vault.new_key(reference_of(channel))
        return orjson.dumps(fields).decode(), SealedSecrets(self.vault.wrap(key), key.seal(key.id, secret))

    def _found(self, channel: str, row: StoredChannel | None) -> ChannelGateway:
        if row is None:
            raise Refused(
                Code.NOT_FOUND,
                f"there is no channel {channel!r}; add one with `huying channel add`",
                f"没有渠道 {channel!r}；请用 huying channel add 添加",
            )
        return self._read(row)

    def _read(self, row: StoredChannel) -> ChannelGateway:
        fields = orjson.loads(row.settings)
        if row.secrets_key and row.secrets:
            key = self.vault.unwrap(reference_of(row.id), row.secrets_key)
            fields |= orjson.loads(key.open(key.id, row.secrets))
        settings = ChannelSettings.model_validate(fields)
        channel = Channel(row.id, ChannelKind(row.kind), frozenset(row.scopes), settings.division, row.name)
        return ChannelGateway(channel, settings)


def _mailbox_taken(mailbox: str) -> Refused:
    """The refusal of a mailbox that another channel has."""
    en = f"mailbox: {mailbox} belongs to another channel; use another mailbox, or remove it from that channel first"
    zh = f"mailbox：邮箱 {mailbox} 已属于其他渠道，请换一个，或先从该渠道取消"
    return Refused(Code.CONFLICT, en, zh, (FieldError("mailbox", zh, en),))


def reference_of(channel: str) -> UUID:
    """The name to which the key of a channel's secrets is bound."""
    return uuid5(_CHANNELS, channel)


def _plain(settings: ChannelSettings) -> dict[str, str | int | None]:
    fields = settings.model_dump()
    return {name: v.get_secret_value() if isinstance(v, SecretStr) else v for name, v in fields.items()}
