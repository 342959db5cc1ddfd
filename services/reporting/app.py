"""Reporting, put together: the figures' API, and the projector that folds every fact."""

from pathlib import Path

from services.reporting.api import routes
from services.reporting.completion import Figures
from services.reporting.projection import Projection
from services.reporting.settings import ReportingSettings
from services.reporting.web import pages
from shared.chassis.assembly import Api, Worker
from shared.chassis.database import Pool
from shared.chassis.ledger import Ledger
from shared.contracts.demand import Demand, Service
from shared.contracts.facts import Fact
from shared.contracts.rules import demand_rules
from shared.contracts.topics import DEMAND_EVENTS
from shared.jurisdiction.jurisdictions import Jurisdictions
from shared.jurisdiction.loader import served_packs
from shared.web.pages import assets

MIGRATIONS = Path(__file__).parent / "migrations"


def ledger(packs: Jurisdictions) -> Ledger[Demand, Fact]:
    """Reporting's copy of every demand, with its counters."""
    return Ledger("demand_facts", demand_rules(Service.REPORTING), Projection(packs))


def api(settings: ReportingSettings, pool: Pool) -> Api:
    """What everybody may read."""
    packs = _packs(settings)
    figures = Figures(pool)
    return Api([routes(figures, packs), pages.routes(figures, packs), assets()])


def projector(settings: ReportingSettings, pool: Pool) -> Worker:
    """Folds every fact; tells only its dead letters."""
    return Worker(Service.REPORTING, ledger(_packs(settings)), topics=(DEMAND_EVENTS.name,), by_faust=False)


def _packs(settings: ReportingSettings) -> Jurisdictions:
    return served_packs(settings.jurisdictions_dir, settings.jurisdictions)
