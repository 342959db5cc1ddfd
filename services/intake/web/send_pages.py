"""The pages of the last steps that raise a demand: the check and the receipt."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from services.intake.attachments.api import SAFE
from services.intake.channels.menus import KINDS
from services.intake.web.allowance import Act
from services.intake.web.draft import RaiseDraft, SentDraft
from services.intake.web.portal import PROPOSED, follow_link
from services.intake.web.portal_page import PAGES, InLanguage, portal_router
from services.intake.web.qr_code import qr_code
from services.intake.web.raise_forms import Errors
from services.intake.web.raising import Raising, complete, day, finish, pack_of, said
from services.intake.web.visit import PageVisit
from shared.contracts.demand.facts import RequestKind
from shared.contracts.refusals import Code, Refused
from shared.identity.visitors import Visitor, Visitors
from shared.jurisdiction.pack import Pack
from shared.jurisdiction.release import Consent
from shared.web.parts import SummaryRow

Reference = Annotated[str, Path(max_length=64)]


def routes(raising: Raising, visitors: Visitors) -> APIRouter:
    """The routes after the forms."""
    router = portal_router()
    By = Annotated[Visitor, Depends(visitors.visitor)]  # noqa: N806 (a type)
    _sending(router, raising, By)
    _afterwards(router, raising, By)
    return router


def _sending(router: APIRouter, raising: Raising, By: Any) -> None:  # noqa: N803 (a type)
    @router.get("/raise/{id}/check")
    async def check(id: UUID, by: By, lang: InLanguage = "zh") -> HTMLResponse:
        visit = PageVisit(lang, by)
        return _check_page(raising, visit, id, await complete(raising, visit, id))

    @router.post("/raise/{id}/check")
    async def send(id: UUID, by: By, request: Request, lang: InLanguage = "zh") -> Response:
        visit, form = PageVisit(lang, by), await request.form()
        draft = await complete(raising, visit, id)
        category, kind = str(form.get("category") or "") or None, str(form.get("kind") or "")
        pack = pack_of(raising, draft)
        category_of_pack = pack.category(category) if category else None
        meant = (
            RequestKind(kind)
            if kind in set(RequestKind)
            else (category_of_pack.kind if category_of_pack else None) or RequestKind.HELP
        )
        agrees = bool(form.get("may_publish")) if pack.publication.release else None
        await raising.allowance.count(request, Act.SEND)
        try:
            sent = await raising.portal.send(
                id, draft, category_of_pack.code if category_of_pack else None, meant, agrees
            )
        except Refused as refused:
            if refused.code is not Code.INVALID:
                raise
            return _check_page(raising, visit, id, draft, _wrong(refused), category, agrees)
        return await finish(raising, visit, id, sent, draft.division)


def _wrong(refused: Refused) -> Errors:
    """The errors of a draft, in words for citizens."""
    if any(error.field.startswith("attachments") for error in refused.errors):
        return {
            "photos": ("照片已过期，请返回第一步重新添加", "The photos are too old: add them again in the first step")
        }
    return {"words": (refused.zh or refused.en, refused.en)}


def _check_page(
    raising: Raising, visit: PageVisit, id: UUID, draft: RaiseDraft, errors: Errors | None = None,
    chosen: str | None = None, agrees: bool | None = None,
) -> HTMLResponse:  # fmt: skip
    path, pack = f"/raise/{id}/check", pack_of(raising, draft)
    ranking = raising.portal.suggested(pack, draft)
    likely = [suggestion.category for suggestion in ranking.suggestions][:3]
    release = pack.publication.release
    proposed = chosen if chosen is not None else ranking.likelier_than(PROPOSED)
    values = raising.page(visit, 5, path, id, draft=draft, errors=said(visit, errors), action=visit.to(path)) | {
        "rows": _rows(raising, visit, id, pack, draft),
        "category": proposed,
        "releases": release is not None,
        "agrees": agrees if agrees is not None else release is not None and release.consent is Consent.PRESUMED,
        "likely": [(code, _name(pack, code, visit)) for code in likely],
        "groups": category_groups(pack, visit),
        "kinds": [("", visit.say("由工作人员判断", "Let staff decide"))]
        + [(kind.value, visit.say(*words)) for kind, words in KINDS.items()],
    }
    return PAGES.render("raise_check.html", values, 422 if errors else 200)


def _rows(raising: Raising, visit: PageVisit, id: UUID, pack: Pack, draft: RaiseDraft) -> list[SummaryRow]:
    place = raising.portal.places.address(pack, draft.division)
    contact = "\n".join(filter(None, (draft.name, draft.phone)))
    photos = visit.say(f"{len(draft.photos)}张照片", f"{len(draft.photos)} photos") if draft.photos else ""
    anonymous = visit.say("没有留（凭编号和查询码查进度）", "None left (follow it by its number and code)")
    at = f"/raise/{id}"
    return [
        SummaryRow(
            visit.say("问题", "Problem"), "\n".join(filter(None, (draft.words, photos))), visit.to(f"{at}/words")
        ),
        SummaryRow(visit.say("地点", "Place"), "\n".join(filter(None, (place, draft.place))), visit.to(f"{at}/where")),
        SummaryRow(visit.say("联系方式", "Contact"), contact or anonymous, visit.to(f"{at}/who")),
    ]


def category_groups(pack: Pack, visit: PageVisit) -> list[tuple[str, list[tuple[str, str]]]]:
    """All categories that can be chosen, grouped by the category above."""
    groups: dict[str, list[tuple[str, str]]] = {}
    for leaf in pack.leaf_categories:
        above = _name(pack, leaf.parent, visit) if leaf.parent else visit.say("其他", "Others")
        groups.setdefault(above, []).append((leaf.code, getattr(leaf.name, visit.lang)))
    return list(groups.items())


def _name(pack: Pack, code: str, visit: PageVisit) -> str:
    category = pack.category(code)
    return getattr(category.name, visit.lang) if category else code


def _afterwards(router: APIRouter, raising: Raising, By: Any) -> None:  # noqa: N803 (a type)
    @router.get("/raise/{id}/receipt")
    async def receipt(id: UUID, by: By, lang: InLanguage = "zh") -> Response:
        visit = PageVisit(lang, by)
        draft = await raising.drafts.read(by, id)
        if draft.sent is None:
            return RedirectResponse(visit.to(f"/raise/{id}/check"), 303)
        return _receipt_page(raising, visit, id, draft, draft.sent)

    @router.get("/raise/{id}/photos/{reference}")
    async def photo(id: UUID, reference: Reference, by: By) -> Response:
        draft = await raising.drafts.read(by, id)
        attachment = await raising.portal.attachments.find(reference)
        if attachment is None or reference not in {photo.reference for photo in draft.photos}:
            raise Refused(Code.NOT_FOUND, "there is no such photo in this draft", "草稿中没有这张照片")
        content = await raising.portal.attachments.content(attachment)
        return Response(content, media_type=attachment.media_type, headers=SAFE)


def _in_language(visit: PageVisit, path: str) -> str:
    """The URL with the language of the page; it may already have a query."""
    return path if visit.lang == "zh" else f"{path}{'&' if '?' in path else '?'}lang={visit.lang}"


def _receipt_page(raising: Raising, visit: PageVisit, id: UUID, draft: RaiseDraft, sent: SentDraft) -> HTMLResponse:
    code = "" if sent.supported else raising.portal.codes.of(sent.id)
    link = follow_link(raising.portal.links, sent)
    pack = raising.portal.places.pack_of(draft.division)
    values = visit.page(f"/raise/{id}/receipt") | {
        "sent": sent,
        "code": f"{code[:4]} {code[4:]}",
        "link": link,
        "path": _in_language(visit, link.removeprefix(raising.portal.links.public_url)),
        "qr": qr_code(link),
        "due": day(sent.due_at, pack, visit) if sent.due_at and pack else "",
    }
    return PAGES.render("raise_receipt.html", values)
