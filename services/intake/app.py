"""Intake, put together: its API, and the worker that relays its journal and follows its demands."""

from collections.abc import Sequence
from pathlib import Path

from services.intake.api import routes
from services.intake.attachments import api as attachments_api
from services.intake.attachments.cabinet import Cabinet
from services.intake.attachments.kinds import Limits
from services.intake.attachments.scanning import scanner_at
from services.intake.attachments.stores import FolderStore, NoStore, S3Store, Store
from services.intake.callers import Callers
from services.intake.settings import IntakeSettings
from services.intake.submissions import Submissions
from services.intake.vault import api as vault_api
from services.intake.vault.contacts import Contacts
from services.intake.vault.sealing import Vault
from shared.chassis.assembly import Api, Worker
from shared.chassis.database import Connection, Pool
from shared.chassis.ledger import Change, Ledger
from shared.contracts.demand import Demand, Service
from shared.contracts.facts import Fact
from shared.contracts.rules import demand_rules
from shared.contracts.topics import DEMAND_EVENTS
from shared.jurisdiction.loader import load_packs

MIGRATIONS = Path(__file__).parent / "migrations"


async def _remember(db: Connection, changes: Sequence[Change[Demand, Fact]]) -> None:
    """Intake keeps nothing beside the demand itself."""


LEDGER: Ledger[Demand, Fact] = Ledger("demand", demand_rules(Service.INTAKE), _remember)


def api(settings: IntakeSettings, pool: Pool) -> Api:
    """What channels talk to."""
    packs = load_packs(settings.jurisdictions_dir, settings.jurisdictions.split(","))
    keys = vault(settings)
    callers = Callers(settings.secret, packs)
    return Api(
        [
            routes(Submissions(pool, LEDGER, packs, keys)),
            attachments_api.routes(cabinet(settings, pool), callers),
            vault_api.routes(Contacts(pool, LEDGER, keys, callers)),
        ]
    )


def vault(settings: IntakeSettings) -> Vault:
    """The vault with its master key, and the one before while it is being changed."""
    return Vault.of(settings.vault_key, settings.vault_old_key)


def cabinet(settings: IntakeSettings, pool: Pool) -> Cabinet:
    """Where attachments are kept."""
    limits = Limits(settings.attachment_max_picture, settings.attachment_max_file)
    return Cabinet(pool, _store(settings), scanner_at(settings.clamav), limits, settings.attachment_max_pixels)


def _store(settings: IntakeSettings) -> Store:
    if settings.attachments_s3_url:
        return S3Store(
            settings.attachments_s3_url,
            settings.attachments_s3_key_id,
            settings.attachments_s3_secret.get_secret_value(),
            settings.attachments_s3_region,
        )
    return FolderStore(settings.attachments_folder) if settings.attachments_folder else NoStore()


def worker(settings: IntakeSettings, pool: Pool) -> Worker:
    """Relays what intake tells, and hears how its demands go on."""
    return Worker(Service.INTAKE, LEDGER, topics=(DEMAND_EVENTS.name,), by_faust=False)
