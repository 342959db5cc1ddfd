"""Stops and starts the messages of one demand, as its citizen asks on its page or through a channel."""

from dataclasses import dataclass

from services.intake.vault.adding import contact_of
from services.intake.vault.opt_outs import OptOuts
from services.intake.vault.persons import ways
from services.intake.vault.sealing import Vault
from shared.chassis.database.pool import Pool
from shared.contracts.demand.state import Demand


@dataclass(frozen=True, slots=True)
class MessagesHandler:
    """Changes the setting of one demand only: neither a link nor a code proves whose the address is."""

    pool: Pool
    vault: Vault

    async def stopped(self, demand: Demand) -> bool | None:
        """Whether messages of the demand were stopped; None if there is no contact. An opt-out by a message from the
        address is not counted, because link and code do not prove whose the address is."""
        opt_outs = OptOuts(self.vault)
        async with self.pool.acquire(timeout=5) as db:
            contact = await contact_of(db, self.vault, demand.id)
            if demand.contact is None or contact is None or not any(ways(contact)):
                return None
            return bool(await opt_outs.among(db, [opt_outs.of_demand(demand.id, demand.contact)]))

    async def stop(self, demand: Demand) -> None:
        """Stop the messages of this demand to the citizen."""
        async with self.pool.acquire(timeout=5) as db, db.transaction():
            contact = await contact_of(db, self.vault, demand.id)
            if demand.contact and contact:
                await OptOuts(self.vault).stop_of_demand(db, demand.id, demand.contact, contact)

    async def start(self, demand: Demand) -> None:
        """Start the messages of this demand again."""
        if demand.contact:
            async with self.pool.acquire(timeout=5) as db:
                await OptOuts(self.vault).start_of_demand(db, demand.id, demand.contact)
