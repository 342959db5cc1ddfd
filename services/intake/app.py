"""Intake, put together: its API, and the worker that relays its journal and follows its demands."""

from pathlib import Path

from services.intake.api import routes
from services.intake.listing import remember
from services.intake.open311.desk import Desk
from services.intake.open311.discovery import Place
from services.intake.open311.routes import open311
from services.intake.settings import IntakeSettings
from services.intake.submissions import Submissions
from services.intake.vault import Vault
from shared.chassis.assembly import Api, Worker
from shared.chassis.database import Pool
from shared.chassis.ledger import Ledger
from shared.contracts.demand import Demand, Service
from shared.contracts.facts import Fact
from shared.contracts.rules import demand_rules
from shared.contracts.topics import DEMAND_EVENTS
from shared.jurisdiction.loader import load_packs

MIGRATIONS = Path(__file__).parent / "migrations"


LEDGER: Ledger[Demand, Fact] = Ledger("demand", demand_rules(Service.INTAKE), remember)


def api(settings: IntakeSettings, pool: Pool) -> Api:
    """What channels talk to."""
    packs = load_packs(settings.jurisdictions_dir, settings.jurisdictions.split(","))
    submissions = Submissions(pool, LEDGER, packs, Vault.of(settings.vault_key))
    place = Place(settings.public_url, settings.open311_contact, settings.open311_type)
    return Api([routes(submissions), open311(Desk(submissions), place)])


def worker(settings: IntakeSettings, pool: Pool) -> Worker:
    """Relays what intake tells, and hears how its demands go on."""
    return Worker(Service.INTAKE, LEDGER, topics=(DEMAND_EVENTS.name,), by_faust=False)
