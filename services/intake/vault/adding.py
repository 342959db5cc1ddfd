"""Seals personal data that comes after the submission with the demand's own key, so that one erasure covers all."""

from uuid import UUID

from services.intake.vault import queries
from services.intake.vault.contact import Contact
from services.intake.vault.queries import Box, BoxKind
from services.intake.vault.sealing import Vault
from shared.chassis.database.pool import Connection


async def store_personal_data(db: Connection, vault: Vault, demand_id: UUID, box: UUID, personal: bytes) -> None:
    """Store what a citizen said; after an erasure nothing is stored."""
    fresh = vault.wrap(vault.new_key(demand_id))
    key_id, wrapped = await queries.key_for_more(db, demand_id, fresh, vault.mark)
    if wrapped is not None:
        key = vault.unwrap(key_id, wrapped)
        await queries.keep_box(db, demand_id, Box(box, BoxKind.VOICE, key.seal(box, personal)))


async def contact_of(db: Connection, vault: Vault, demand_id: UUID) -> Contact | None:
    """The contact of the citizen who raised a demand. It is only compared with another one, and shown to nobody."""
    vault_data = await queries.of_demand(db, demand_id, BoxKind.CONTACT)
    if vault_data is None or vault_data.wrapped is None or not vault_data.boxes:
        return None
    key = vault.unwrap(vault_data.key_id, vault_data.wrapped)
    (box,) = vault_data.boxes
    return Contact.model_validate_json(key.open(box.id, box.sealed))


async def has_other_data(db: Connection, vault: Vault, demand_id: UUID, box: UUID, personal: bytes) -> bool:
    """Whether a box holds other data than these; False after an erasure."""
    stored_data = await queries.of_demand(db, demand_id)
    if stored_data is None or stored_data.wrapped is None:
        return False
    key = vault.unwrap(stored_data.key_id, stored_data.wrapped)
    return any(key.open(known.id, known.sealed) != personal for known in stored_data.boxes if known.id == box)
