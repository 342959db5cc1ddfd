"""The HTTP routes of the catalogue's versions, for the people of the coordinator."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query

from services.routing.catalogue import commands as c
from services.routing.catalogue import returns_view, view
from services.routing.catalogue.handler import CatalogueDesk
from shared.contracts.text import Text
from shared.identity.person import Person

Version = Annotated[Text, Path(max_length=64, examples=[view.VERSION], description="twelve hexadecimal digits")]
Days = Annotated[int, Query(ge=1, le=366, description="how many days back")]
WhoAsks = Callable[..., Awaitable[Person]]


def routes(desk: CatalogueDesk, staff: WhoAsks) -> APIRouter:
    """The routes that read, draft, rehearse and publish versions. Repeating a request changes nothing."""
    router = APIRouter(tags=["catalogue"], prefix="/v1/catalogues")
    By = Annotated[Person, Depends(staff)]  # noqa: N806 (a type)

    @router.get("")
    async def list_catalogues(by: By) -> view.CatalogueList:
        """The versions of the dispatch catalogue, the newest first, with the one that is in force."""
        return await desk.list(by)

    @router.post("", status_code=201)
    async def draft_catalogue(by: By, draft: c.DraftCatalogue) -> view.CatalogueVersion:
        """Submit rules as a draft; the same rules are the same version, which keeps its state."""
        return await desk.draft(by, draft)

    @router.get("/actions")
    async def list_catalogue_actions(by: By) -> view.CatalogueActions:
        """Who drafted, rehearsed, published or rolled back which version, and when; the latest first."""
        return await desk.actions(by)

    _returns(router, desk, By)

    @router.post("/rollback")
    async def roll_back_catalogue(by: By, command: c.RollBackCatalogue) -> view.CatalogueVersion:
        """Put an earlier version into force again: the one before, or any that once was."""
        return await desk.roll_back(by, command)

    @router.get("/{version}")
    async def get_catalogue(version: Version, by: By) -> view.CatalogueVersion:
        """One version with its rules, findings, rehearsal and history."""
        return await desk.show(by, version)

    @router.post("/{version}/check")
    async def check_catalogue(version: Version, by: By) -> view.CatalogueVersion:
        """Look for rules that cannot win, names that do not exist, categories left over and rules that cross."""
        return await desk.check(by, version)

    @router.post("/{version}/rehearse")
    async def rehearse_catalogue(version: Version, by: By, command: c.RehearseCatalogue) -> view.CatalogueVersion:
        """Dispatch past demands by this version and by the one in force, and compare."""
        return await desk.rehearse(by, version, command)

    @router.post("/{version}/publish")
    async def publish_catalogue(version: Version, by: By, command: c.PublishCatalogue) -> view.CatalogueVersion:
        """Put a version into force at a moment; whatever was scheduled before is cancelled."""
        return await desk.publish(by, version, command)

    @router.post("/{version}/cancel")
    async def cancel_catalogue(version: Version, by: By) -> view.CatalogueVersion:
        """Take back a publication whose moment is still to come."""
        return await desk.cancel(by, version)

    return router


def _returns(router: APIRouter, desk: CatalogueDesk, By: Any) -> None:  # noqa: N803 (a type)
    @router.get("/returns")
    async def list_returns(by: By, days: Days = 30) -> returns_view.Returns:
        """Rules to correct: how often units returned, or dispatchers corrected, what each rule had dispatched."""
        return await desk.returns(by, days)
