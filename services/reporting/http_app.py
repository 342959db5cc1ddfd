"""Assembles the HTTP API of figures and their pages."""

from collections.abc import Awaitable, Callable

from services.reporting.api_document import WORDS
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


def api(settings: ReportingSettings, pool: Pool, reporter: Reporter) -> Api:
    """The HTTP API, which needs no credential."""
    packs = packs_of(settings)
    figures, drilldown = Figures(pool), Drilldown(pool)
    return Api(
        [
            figures_api.routes(figures, packs),
            drilldown_api.routes(figures, drilldown, packs),
            pages.routes(figures, drilldown, packs),
            operations.routes(reporter, _staff(settings, pool)),
            look(),
        ],
        WORDS,
    )


def _staff(settings: ReportingSettings, pool: Pool) -> Callable[[str], Awaitable[Person]]:
    """Reads the tokens of staff; accepts nobody if this process has no secret to check them."""
    tokens = StaffTokens.signed_by(settings.secret, settings.secret_previous) if settings.secret else None

    async def read(token: str) -> Person:
        if tokens is None:
            en = "HUYING_SECRET is not set for reporting-api: it accepts no tokens of staff"
            raise Refused(Code.UNAUTHENTICATED, en, "reporting-api 未设置 HUYING_SECRET，不接受工作人员凭证")
        return await tokens.read(pool, token)

    return read
