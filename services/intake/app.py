"""Intake, put together: its API, its mailbox, and the worker that relays its journal and follows its demands."""

from collections.abc import Sequence
from pathlib import Path

from services.intake import voices_api
from services.intake.api import routes
from services.intake.codes import Codes
from services.intake.following import Following
from services.intake.hearing import Hearing
from services.intake.inbound import broadcasts, sms, visits, wechat
from services.intake.inbound.correspondence import Correspondence
from services.intake.inbound.mail_server import MailServer
from services.intake.inbound.words import languages
from services.intake.programmes import Programmes
from services.intake.registry import Registry
from services.intake.settings import IntakeSettings
from services.intake.submissions import Submissions
from services.intake.vault import Vault
from shared.chassis.assembly import Api, Worker
from shared.chassis.database import Connection, Pool
from shared.chassis.ledger import Change, Ledger
from shared.contracts.demand import Demand, Service
from shared.contracts.facts import Fact
from shared.contracts.rules import demand_rules
from shared.contracts.topics import DEMAND_EVENTS
from shared.jurisdiction.jurisdictions import Jurisdictions
from shared.jurisdiction.loader import load_packs

MIGRATIONS = Path(__file__).parent / "migrations"


async def _remember(db: Connection, changes: Sequence[Change[Demand, Fact]]) -> None:
    """Intake keeps nothing beside the demand itself."""


LEDGER: Ledger[Demand, Fact] = Ledger("demand", demand_rules(Service.INTAKE), _remember)


def api(settings: IntakeSettings, pool: Pool) -> Api:
    """What channels talk to."""
    packs = load_packs(settings.jurisdictions_dir, settings.jurisdictions.split(","))
    vault, codes = Vault.of(settings.vault_key), Codes(settings.secret)
    submissions, following, hearing = _commands(pool, packs, vault, codes)
    correspondence, registry = Correspondence(submissions, hearing, codes), Registry(pool, vault)
    language_of = languages(packs)
    return Api(
        [
            routes(submissions, following, codes),
            voices_api.routes(hearing, following),
            visits.routes(submissions, codes),
            broadcasts.routes(Programmes(submissions), codes),
            sms.routes(registry, correspondence, language_of),
            wechat.routes(wechat.WeChat(registry, correspondence, language_of)),
        ]
    )


def mail(settings: IntakeSettings, pool: Pool) -> MailServer:
    """What the mail system hands letters over to."""
    packs = load_packs(settings.jurisdictions_dir, settings.jurisdictions.split(","))
    vault, codes = Vault.of(settings.vault_key), Codes(settings.secret)
    submissions, _, hearing = _commands(pool, packs, vault, codes)
    return MailServer(Registry(pool, vault), Correspondence(submissions, hearing, codes))


def _commands(pool: Pool, packs: Jurisdictions, vault: Vault, codes: Codes) -> tuple[Submissions, Following, Hearing]:
    return Submissions(pool, LEDGER, packs, vault), Following(pool, codes), Hearing(pool, LEDGER, vault)


def worker(settings: IntakeSettings, pool: Pool) -> Worker:
    """Relays what intake tells, and hears how its demands go on."""
    return Worker(Service.INTAKE, LEDGER, topics=(DEMAND_EVENTS.name,), by_faust=False)
