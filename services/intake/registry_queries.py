"""Intake's questions about channels and their gateways, one function each."""

from collections.abc import Sequence
from dataclasses import dataclass

from services.intake.vault import Sealed
from shared.chassis.database import Connection


@dataclass(frozen=True, slots=True)
class Row:
    """A channel as it is stored."""

    id: str
    kind: str
    scopes: Sequence[str]
    settings: str
    secrets_key: bytes | None
    secrets: bytes | None


_SELECT = "SELECT id, kind, scopes, settings::text, secrets_key, secrets FROM channel WHERE revoked_at IS NULL AND "


async def by_id(db: Connection, channel: str) -> Row | None:
    """A channel by its id."""
    row = await db.fetchrow(_SELECT + "id = $1", channel)
    return Row(*row) if row else None


async def by_mailbox(db: Connection, address: str) -> Row | None:
    """The channel that receives mail at an address."""
    row = await db.fetchrow(_SELECT + "settings ->> 'mailbox' = $1", address)
    return Row(*row) if row else None


async def put(db: Connection, channel: str, settings: str, sealed: Sealed) -> None:
    """Keep a channel's settings."""
    await db.execute(
        "UPDATE channel SET settings = $2::text::jsonb, secrets_key = $3, secrets = $4 WHERE id = $1",
        channel,
        settings,
        sealed.wrapped,
        sealed.box,
    )
