"""Assembles the parts of intake that its API and its worker share: its demands and its vault."""

from services.intake.events.projection import event_projection
from services.intake.publications.projection import PUBLICATIONS
from services.intake.settings import IntakeSettings
from services.intake.similar.projection import similarity_projection
from services.intake.tracking.projection import LISTING, UPDATES
from services.intake.tracking.words_projection import CITIZEN_WORDS
from services.intake.vault.sealing import Vault
from shared.chassis.aggregates.projections import compose
from shared.chassis.aggregates.repository import Repository
from shared.contracts.demand.facts import Fact
from shared.contracts.demand.rules import demand_rules
from shared.contracts.demand.state import Demand, Service
from shared.jurisdiction.jurisdictions import Jurisdictions


def demand_repository(packs: Jurisdictions) -> Repository[Demand, Fact]:
    """The repository of intake's copy of every demand, with its projections."""
    project = compose(
        LISTING, UPDATES, CITIZEN_WORDS, PUBLICATIONS, similarity_projection(packs), event_projection(packs)
    )
    return Repository("demand", demand_rules(Service.INTAKE), project)


def vault(settings: IntakeSettings) -> Vault:
    """The vault with its master key, and with the previous one while that is being changed; the secret behind codes
    never changes."""
    return Vault.of(settings.vault_key, settings.vault_old_key, settings.lasting)
