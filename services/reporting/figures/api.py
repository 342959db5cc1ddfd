"""The HTTP route that answers the completion figure."""

from fastapi import APIRouter

from services.reporting.figures.completion import Completion, Figures
from services.reporting.figures.parameters import By, Month, Until, Where, pack_of, question_of
from shared.jurisdiction.jurisdictions import Jurisdictions


def routes(figures: Figures, packs: Jurisdictions) -> APIRouter:
    """The route of the completion figure."""
    router = APIRouter(tags=["reporting"], prefix="/v1/figures")

    @router.get("/completion")
    async def get_completion(
        by: By = "month", jurisdiction: Where = None, month: Month = None, until: Until = None
    ) -> Completion:
        """Collected, completed and their rate, of a month's demands or of all as it stood on the evening of `until`."""
        return await figures.completion(pack_of(packs, jurisdiction), question_of(by, month, until))

    return router
