"""Intake's SQL about channels and the settings of their gateways, one function for each statement."""

from collections.abc import Sequence
from dataclasses import dataclass

from shared.chassis.database.pool import Connection


@dataclass(frozen=True, slots=True)
class SealedSecrets:
    """A channel's sealed secrets, and the wrapped key that opens them."""

    wrapped: bytes
    box: bytes


@dataclass(frozen=True, slots=True)
class StoredChannel:
    """A stored channel."""

    id: str
    kind: str
    name: str
    scopes: Sequence[str]
    settings: str
    secrets_key: bytes | None
    secrets: bytes | None


_SELECT = (
    "SELECT id, kind, name, scopes, settings::text, secrets_key, secrets FROM channel WHERE revoked_at IS NULL AND "
)


async def by_id(db: Connection, channel: str) -> StoredChannel | None:
    """The channel with this id; None if there is none."""
    row = await db.fetchrow(_SELECT + "id = $1", channel)
    return StoredChannel(*row) if row else None


async def locked(db: Connection, channel: str) -> StoredChannel | None:
    """The same, locked until the transaction ends."""
    row = await db.fetchrow(_SELECT + "id = $1 FOR UPDATE", channel)
    return StoredChannel(*row) if row else None


async def by_mailbox(db: Connection, address: str) -> StoredChannel | None:
    """The channel that receives e-mail at an address; None if there is none."""
    row = await db.fetchrow(_SELECT + "settings ->> 'mailbox' = $1", address)
    return StoredChannel(*row) if row else None


async def put(db: Connection, channel: str, settings: str, sealed: SealedSecrets) -> None:
    """Store the settings of a channel."""
    await db.execute(
        "UPDATE channel SET settings = $2::text::jsonb, secrets_key = $3, secrets = $4 WHERE id = $1",
        channel,
        settings,
        sealed.wrapped,
        sealed.box,
    )


async def lock_keys(db: Connection) -> list[tuple[str, bytes]]:
    """All channels with secrets and their wrapped keys, locked until the transaction ends."""
    rows = await db.fetch("SELECT id, secrets_key FROM channel WHERE secrets_key IS NOT NULL ORDER BY id FOR UPDATE")
    return [(row["id"], row["secrets_key"]) for row in rows]


async def rewrap(db: Connection, channel: str, wrapped: bytes) -> None:
    """Replace the wrapped key of a channel's secrets."""
    await db.execute("UPDATE channel SET secrets_key = $2 WHERE id = $1", channel, wrapped)
