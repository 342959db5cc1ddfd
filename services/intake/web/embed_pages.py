"""The pages under `/embed`: forms that other sites show in frames, and the script that inserts these frames."""

from dataclasses import dataclass, replace
from typing import Annotated, Any, Final
from uuid import uuid4

from fastapi import APIRouter, Header, Query, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse

from services.intake.channels.embed_queries import EmbedRow
from services.intake.web import raise_forms
from services.intake.web.allowance import Act, Allowance
from services.intake.web.draft import RaiseDraft
from services.intake.web.embed_handler import EmbedHandler
from services.intake.web.follow_commands import SentForm
from services.intake.web.follow_lookup import FollowLookup
from services.intake.web.follow_pages import FollowPages
from services.intake.web.portal import follow_link
from services.intake.web.portal_page import PAGES, InLanguage, PortalPage
from services.intake.web.raise_forms import Errors
from services.intake.web.raising import said
from services.intake.web.visit import PageVisit
from shared.chassis.http import response_headers
from shared.contracts.refusals import ANSWERS, Code, Refused
from shared.web.assets import catalogue
from shared.web.page_language import Lang
from shared.web.pages import SAFE

POLICY: Final = "Content-Security-Policy"
Key = Annotated[str, Query(max_length=64, description="the public key of the site")]
Place = Annotated[str, Query(max_length=64)]
Number = Annotated[str, Query(max_length=64)]
SCRIPT: Final = {"Access-Control-Allow-Origin": "*", "Cache-Control": "public, max-age=3600"}
"""The script is the same for everybody and holds no data; what it requests is bound to the origins of a key."""


class EmbedPage(PortalPage):
    """A page in a frame of another site. Its refusals are shown in the frame too, if the site may show our pages at
    all."""

    @staticmethod
    def respond(refused: Refused | None, request: Request) -> HTMLResponse:
        """The page that says why something was refused."""
        page = PortalPage.respond(refused, request)
        if refused is not None:
            visit, answer = PageVisit.without_forms(request), ANSWERS[refused.code]
            words = visit.say(refused.zh or answer.zh, refused.en)
            values = visit.page("/") | {"title": visit.say(answer.zh, answer.en), "words": words}
            page = PAGES.render("embed_refused.html", values, answer.status)
        return framed(page, getattr(request.state, "embed", None))


def framed(page: HTMLResponse, embed: EmbedRow | None) -> HTMLResponse:
    """Allow only the origins of a key to show the page in a frame."""
    if embed is not None:
        ancestors = f"frame-ancestors {' '.join(embed.origins)}"
        page.headers[POLICY] = SAFE[POLICY].replace("frame-ancestors 'none'", ancestors)
    return page


@dataclass(frozen=True, slots=True)
class EmbedPages:
    """The services that the pages use."""

    handler: EmbedHandler
    allowance: Allowance
    follow: FollowPages
    lookup: FollowLookup

    async def embed(self, request: Request, key: str) -> EmbedRow:
        """The site of a public key, with this request counted; raises `Refused`."""
        response_headers.add(response_headers.PRIVATE)
        request.state.embed = embed = await self.handler.embeds.find(key)
        await self.allowance.count(request, Act.FRAME)
        await self.handler.embeds.count(embed)
        return embed

    def form(
        self, embed: EmbedRow, visit: PageVisit, token: str, draft: RaiseDraft, errors: Errors | None = None
    ) -> HTMLResponse:
        """The page with the form that raises a demand."""
        places = self.handler.portal.places
        values = visit.page("/embed/submit", key=embed.key) | {
            "draft": draft,
            "errors": said(visit, errors),
            "token": token,
            "action": visit.to("/embed/submit", key=embed.key),
            "groups": [group for pack in places.packs for group in places.groups(pack)],
        }
        return framed(PAGES.render("embed_submit.html", values, 422 if errors else 200), embed)

    async def take(self, embed: EmbedRow, visit: PageVisit, request: Request) -> HTMLResponse:
        """The page with the receipt, or the form with its errors."""
        form = await request.form()
        token = str(form.get("token") or "")
        id, draft, errors = self.handler.read(embed.key, token), *self._filled(form)
        if not errors:
            await self.allowance.count(request, Act.SEND)
            try:
                sent = await self.handler.send(embed.channel, id, draft)
            except Refused as refused:
                if refused.code is not Code.INVALID:
                    raise
                errors = {"words": (refused.zh or refused.en, refused.en)}
        if errors:
            return self.form(embed, visit, token, draft, errors)
        portal = self.handler.portal
        code = portal.codes.of(sent.id)
        values = visit.page("/embed/submit", key=embed.key) | {
            "number": sent.number, "code": f"{code[:4]} {code[4:]}", "link": follow_link(portal.links, sent),
            "again_at": visit.to("/embed/submit", key=embed.key),
        }  # fmt: skip
        return framed(PAGES.render("embed_receipt.html", values), embed)

    def _filled(self, form: Any) -> tuple[RaiseDraft, Errors]:
        draft, errors = raise_forms.with_words(RaiseDraft(), form)
        division = str(form.get("division") or "")
        if self.handler.portal.places.pack_of(division):
            draft = replace(draft, division=division)
        else:
            errors["division"] = ("请选择地点", "Choose the place")
        draft, wrong = raise_forms.with_contact(raise_forms.with_place(draft, form), form)
        return draft, errors | wrong

    def question(self, embed: EmbedRow, visit: PageVisit, number: str, errors: Errors | None = None) -> HTMLResponse:
        """The page with the form for number and code."""
        values = visit.page("/embed/follow", key=embed.key) | {
            "number": number,
            "errors": said(visit, errors),
            "action": visit.to("/embed/follow", key=embed.key),
        }
        return framed(PAGES.render("embed_follow.html", values, 422 if errors else 200), embed)

    async def standing(self, embed: EmbedRow, visit: PageVisit, form: SentForm) -> HTMLResponse:
        """The status of the demand with this number and code, with a link to its whole page."""
        link = await self.follow.find(form)
        if not isinstance(link, str):
            return self.question(embed, visit, form.get("number"), link)
        followed = await self.lookup.followed(link.rpartition("/")[2], visit)
        values = visit.page("/embed/follow", key=embed.key) | followed.values("") | {
            "link": visit.to(link), "again_at": visit.to("/embed/follow", key=embed.key),
        }  # fmt: skip
        return framed(PAGES.render("embed_followed.html", values), embed)


def routes(pages: EmbedPages) -> APIRouter:
    """The routes of the framed forms. None of them reads a cookie, so that another site cannot act in a visitor's
    name."""
    router = APIRouter(include_in_schema=False, route_class=EmbedPage)

    @router.get("/embed/submit")
    async def ask(request: Request, key: Key, at: Place = "", lang: InLanguage = "zh") -> HTMLResponse:
        embed = await pages.embed(request, key)
        token = pages.handler.token(embed.key, uuid4())
        return pages.form(embed, PageVisit(lang), token, RaiseDraft(division=at or embed.channel.division))

    @router.post("/embed/submit")
    async def take(request: Request, key: Key, lang: InLanguage = "zh") -> HTMLResponse:
        return await pages.take(await pages.embed(request, key), PageVisit(lang), request)

    @router.get("/embed/follow")
    async def question(request: Request, key: Key, number: Number = "", lang: InLanguage = "zh") -> HTMLResponse:
        return pages.question(await pages.embed(request, key), PageVisit(lang), number)

    @router.post("/embed/follow")
    async def standing(request: Request, key: Key, lang: InLanguage = "zh") -> HTMLResponse:
        embed = await pages.embed(request, key)
        return await pages.standing(embed, PageVisit(lang), await SentForm.of(request))

    _for_scripts(router, pages.handler)
    return router


def _for_scripts(router: APIRouter, handler: EmbedHandler) -> None:
    @router.get("/embed/v1.js")
    async def script() -> Response:
        return Response(catalogue()["embed.js"].content, headers=SCRIPT, media_type="text/javascript")

    @router.get("/embed/check")
    async def check(key: Key, lang: Lang = "zh", origin: Annotated[str, Header(max_length=300)] = "") -> JSONResponse:
        """Whether the requesting page may show the forms of this key; pages of other origins cannot read the answer."""
        try:
            embed = await handler.embeds.find(key)
        except Refused as refused:
            return JSONResponse({"detail": refused.zh if lang == "zh" else refused.en}, 404, {"Vary": "Origin"})
        if origin not in embed.origins:
            zh = f"来源 {origin} 没有登记：请平台运维人员用 huying channel embed 加上"
            en = f"the origin {origin} is not listed: the operator adds it with `huying channel embed`"
            return JSONResponse({"detail": zh if lang == "zh" else en}, 403, {"Vary": "Origin"})
        return JSONResponse({"allowed": True}, headers={"Access-Control-Allow-Origin": origin, "Vary": "Origin"})
