"""What the steps of raising a demand have in common."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi.responses import RedirectResponse
from pydantic import ValidationError

from services.intake.web.allowance import Allowance
from services.intake.web.draft import RaiseDraft, SentDraft
from services.intake.web.drafts import Drafts
from services.intake.web.map_tiles import MapTiles
from services.intake.web.portal import Portal
from services.intake.web.raise_forms import Errors
from services.intake.web.visit import PageVisit
from shared.jurisdiction.pack import Pack

STEPS: Final = (
    ("什么问题", "What"),
    ("在哪里", "Where"),
    ("怎么联系您", "Contact"),
    ("看看相似的", "Similar"),
    ("核对提交", "Check"),
)
_WEEKDAYS: Final = "一二三四五六日"


@dataclass(frozen=True, slots=True)
class Raising:
    """What the steps of raising a demand are made with."""

    portal: Portal
    drafts: Drafts
    allowance: Allowance
    tiles: MapTiles

    async def begun(self, visit: PageVisit, id: UUID) -> RaiseDraft | None:
        """A draft that was not sent yet; None if there is none. A draft that was sent redirects to its receipt."""
        draft = await self.drafts.find(visit.by, id)
        if draft and draft.sent:
            raise visit.elsewhere(f"/raise/{id}/receipt")
        return draft

    async def draft(self, visit: PageVisit, id: UUID) -> RaiseDraft:
        """A draft that was not sent yet; raises `Refused` if there is none."""
        return await self.begun(visit, id) or await self.drafts.read(visit.by, id)

    def page(self, visit: PageVisit, step: int, path: str, id: UUID, **more: Any) -> dict[str, Any]:
        """The values that every step needs."""
        names = [visit.say(*words) for words in STEPS]
        return visit.page(path) | {"step": step, "steps": names, "at": f"/raise/{id}", "errors": {}} | more


def said(visit: PageVisit, errors: Errors | None) -> dict[str, str]:
    """Errors in the language of the page."""
    return {field: visit.say(*words) for field, words in (errors or {}).items()}


async def finish(
    raising: Raising, visit: PageVisit, id: UUID, sent: SentDraft, division: str | None
) -> RedirectResponse:
    """Replace the draft by its receipt, because its content is stored with the demand now."""
    await raising.drafts.put(visit.by, id, RaiseDraft(division=division, sent=sent))
    return RedirectResponse(visit.to(f"/raise/{id}/receipt"), 303)


async def complete(raising: Raising, visit: PageVisit, id: UUID) -> RaiseDraft:
    """A draft with text and place; one without redirects to the missing step."""
    draft = await raising.draft(visit, id)
    missing = "words" if not draft.words else "where" if not raising.portal.places.pack_of(draft.division) else ""
    if missing:
        raise visit.elsewhere(f"/raise/{id}/{missing}")
    try:
        draft.command()
    except ValidationError:
        raise visit.elsewhere(f"/raise/{id}/words") from None
    return draft


def pack_of(raising: Raising, draft: RaiseDraft) -> Pack:
    pack = raising.portal.places.pack_of(draft.division)
    assert pack, "a complete draft has a place"
    return pack


def day(at: datetime, pack: Pack, visit: PageVisit) -> str:
    """A day as it is written in the language of the page."""
    local = at.astimezone(ZoneInfo(pack.timezone))
    return visit.say(
        f"{local.month}月{local.day}日（星期{_WEEKDAYS[local.weekday()]}）", f"{local:%A}, {local.day} {local:%B}"
    )
