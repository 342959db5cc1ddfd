"""Intake, put together: its API, and the worker that relays its journal and follows its demands."""

from pathlib import Path

from services.intake.api import routes
from services.intake.channels import asking
from services.intake.settings import IntakeSettings
from services.intake.similar import api as similar
from services.intake.similar.finder import Finder
from services.intake.similar.memory import Memory
from services.intake.submissions import Submissions
from services.intake.suggestion import api as suggestion
from services.intake.suggestion.suggester import Suggester
from services.intake.vault import Vault
from shared.chassis.assembly import Api, Worker
from shared.chassis.database import Pool
from shared.chassis.ledger import Ledger
from shared.contracts.demand import Demand, Service
from shared.contracts.facts import Fact
from shared.contracts.rules import demand_rules
from shared.contracts.topics import DEMAND_EVENTS
from shared.jurisdiction.jurisdictions import Jurisdictions
from shared.jurisdiction.loader import load_packs

MIGRATIONS = Path(__file__).parent / "migrations"


def ledger(packs: Jurisdictions) -> Ledger[Demand, Fact]:
    """Intake's copy of every demand; beside it, what is needed to find similar ones."""
    return Ledger("demand", demand_rules(Service.INTAKE), Memory(packs))


def _packs(settings: IntakeSettings) -> Jurisdictions:
    return load_packs(settings.jurisdictions_dir, settings.jurisdictions.split(","))


def api(settings: IntakeSettings, pool: Pool) -> Api:
    """What channels talk to."""
    packs, channel_with = _packs(settings), asking(pool)
    submissions = Submissions(pool, ledger(packs), packs, Vault.of(settings.vault_key))
    suggester = Suggester.of(packs, settings.suggestion_models)
    return Api(
        [
            routes(submissions, channel_with),
            similar.routes(Finder(pool, packs), channel_with),
            suggestion.routes(suggester, packs, channel_with),
        ]
    )


def worker(settings: IntakeSettings, pool: Pool) -> Worker:
    """Relays what intake tells, and hears how its demands go on."""
    return Worker(Service.INTAKE, ledger(_packs(settings)), topics=(DEMAND_EVENTS.name,), by_faust=False)
