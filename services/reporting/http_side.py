"""Reporting's HTTP side, put together: the figures and their pages."""

from collections.abc import Awaitable, Callable

from services.reporting.api_document import WORDS
from services.reporting.app import SERVICE
from services.reporting.drilldown import api as drilldown_api
from services.reporting.drilldown.handler import Drilldown
from services.reporting.figures import api as figures_api
from services.reporting.figures.completion import Figures
from services.reporting.settings import ReportingSettings
from services.reporting.web import pages
from shared.chassis.database.pool import Pool
from shared.chassis.process.components import Api
from shared.chassis.process.reporter import Reporter
from shared.contracts.refusals import Code, Refused
from shared.identity import operations
from shared.identity.person import Person
from shared.identity.staff_tokens import StaffTokens
from shared.jurisdiction.loader import packs_of
from shared.web.display import look


def api(settings: ReportingSettings, pool: Pool) -> Api:
    """What everybody may read."""
    packs = packs_of(settings)
    figures, opening = Figures(pool), Drilldown(pool)
    return Api(
        [
            figures_api.routes(figures, packs),
            drilldown_api.routes(figures, opening, packs),
            pages.routes(figures, opening, packs),
            operations.routes(Reporter(SERVICE, pool), _staff(settings, pool)),
            look(),
        ],
        WORDS,
    )


def _staff(settings: ReportingSettings, pool: Pool) -> Callable[[str], Awaitable[Person]]:
    """Who bears a token of the desk; nobody where this process does not know the secret that signs them."""
    tokens = StaffTokens.signed_by(settings.secret, settings.secret_previous) if settings.secret else None

    async def read(token: str) -> Person:
        if tokens is None:
            en = "HUYING_SECRET is not set for reporting-api: it takes no tokens of staff"
            raise Refused(Code.UNAUTHENTICATED, en, "reporting-api 未设置 HUYING_SECRET，不接受工作人员凭证")
        return await tokens.read(pool, token)

    return read
