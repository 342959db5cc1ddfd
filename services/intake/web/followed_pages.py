"""The page of a demand, which the link of a message opens, and the forms on it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Query, Request, Response
from fastapi import Path as UrlPath
from fastapi.responses import HTMLResponse, RedirectResponse

from services.intake.attachments.api import SAFE, Reference
from services.intake.web.follow_commands import FollowCommands, SentForm
from services.intake.web.follow_lookup import FollowLookup
from services.intake.web.follow_words import ENDED
from services.intake.web.portal_page import PAGES, InLanguage, PortalPage
from services.intake.web.visit import PageVisit
from shared.chassis.base.clock import uuid7
from shared.chassis.http.body_limit import LargerBodies, LimitedRouter
from shared.contracts.demand.state import Demand, Status
from shared.contracts.refusals import ANSWERS, Code, Refused
from shared.identity.citizen_links import BrokenLink, CitizenLinks, LinkHolder, follow_path, rate_path
from shared.identity.visitors import Visitors
from shared.web.page_language import Lang

Token = Annotated[str, UrlPath(max_length=400)]
Question = Literal["withdraw", "support", "keep-private"]
CitizenAction = Literal["add", "urge", "stop", "start", "publish", Question]
Done = Annotated[
    Literal["", CitizenAction, "rated", "reopened"],
    Query(description="what was just done, for a sentence on top of the page"),
]
PICTURES: Final = 24 * 1_048_576
"""The largest form in bytes: about six pictures of a telephone."""
_FIELDS: Final = ("text", "reason", "name", "phone")
LARGER: Final = LargerBodies("/follow/", PICTURES)


class FollowPage(PortalPage):
    """A page behind a link; it says what to do if the link does not work."""

    @staticmethod
    def respond(refused: Refused | None, request: Request) -> HTMLResponse:
        """The page that says why something was refused, and leads to the page without a link."""
        old = refused is not None and refused.code is Code.LINK_EXPIRED
        if not (old or isinstance(refused, BrokenLink)):
            return PortalPage.respond(refused, request)
        visit = PageVisit.without_forms(request)
        return PAGES.render("broken_link.html", visit.page("/follow") | {"old": old}, 410 if old else 403)


@dataclass(frozen=True, slots=True)
class FollowedPages:
    """Renders the page of a demand and the pages behind it."""

    lookup: FollowLookup
    commands: FollowCommands
    links: CitizenLinks
    visitors: Visitors

    async def render(
        self, token: str, visit: PageVisit, done: str = "", form: SentForm | None = None, refused: Refused | None = None
    ) -> HTMLResponse:
        """The page of the demand; after a refused form, with its text and the reason."""
        followed = await self.lookup.followed(token, visit)
        values = visit.page(followed.path) | followed.values(done) | self._of_forms(visit, form, refused)
        answer = followed.demand.version if followed.demand.status in (Status.RESOLVED, Status.DECLINED) else None
        tells = followed.holder is LinkHolder.CITIZEN and followed.demand.status not in ENDED
        stopped = await self.commands.messages_stopped(followed.demand) if tells else None
        values |= {
            "path": followed.path,
            "messages_stopped": stopped,
            "takes_photos": self.commands.portal.takes_photos,
            "rate_path": visit.to(rate_path(self.links.token(followed.demand.id, answer=answer))),
        }
        return PAGES.render("followed.html", values, ANSWERS[refused.code].status if refused else 200)

    async def ask(
        self,
        question: Question,
        token: str,
        visit: PageVisit,
        form: SentForm | None = None,
        refused: Refused | None = None,
    ) -> HTMLResponse:
        """A page that asks for a text before something is said, or for a confirmation."""
        demand, path = await self.lookup.raised(token), follow_path(token)
        values = visit.page(f"{path}/{question}") | self._of_forms(visit, form, refused)
        values |= {"path": path, "demand": demand}
        template = f"follow_{question.replace('-', '_')}.html"
        return PAGES.render(template, values, ANSWERS[refused.code].status if refused else 200)

    def _of_forms(self, visit: PageVisit, form: SentForm | None, refused: Refused | None) -> dict[str, Any]:
        """The values of the form; a refused form keeps its idempotency key."""
        errors = {error.field: visit.say(error.zh, error.en) for error in refused.errors} if refused else {}
        return {
            "form": {name: form.get(name) if form else "" for name in _FIELDS},
            "key": form.key if form and form.key else str(uuid7()),
            "errors": errors,
            "problem": visit.say(refused.zh or refused.en, refused.en) if refused and not errors else "",
        }

    async def send(self, token: str, action: CitizenAction, request: Request, lang: Lang) -> Response:
        """Handle a form and redirect to the page. The link is checked before the form is read."""
        demand = await self.lookup.raised(token)
        visit = await self.visit(request, lang)
        form = await SentForm.of(request)
        try:
            await self._command(action)(demand, form)
        except Refused as refused:
            if action == "withdraw" or action == "support" or action == "keep-private":
                return await self.ask(action, token, visit, form, refused)
            return await self.render(token, visit, form=form, refused=refused)
        return RedirectResponse(visit.to(follow_path(token), done=action), status_code=303)

    def _command(self, action: CitizenAction) -> Callable[[Demand, SentForm], Awaitable[None]]:
        commands = self.commands
        return {
            "add": commands.add, "urge": commands.urge, "withdraw": commands.withdraw, "support": commands.support,
            "keep-private": commands.keep_private, "publish": commands.publish,
            "stop": commands.stop, "start": commands.start,
        }[action]  # fmt: skip

    async def visit(self, request: Request, lang: Lang) -> PageVisit:
        """The visit, with the form token."""
        return PageVisit(lang, await self.visitors.visitor(request))


def routes(pages: FollowedPages) -> APIRouter:
    """The routes `/follow/{token}` and below."""
    router = LimitedRouter(LARGER, include_in_schema=False, route_class=FollowPage)

    @router.get("/follow/{token}")
    async def follow(token: Token, request: Request, lang: InLanguage = "zh", done: Done = "") -> HTMLResponse:
        return await pages.render(token, await pages.visit(request, lang), done)

    @router.get("/follow/{token}/{question}")
    async def ask(token: Token, question: Question, request: Request, lang: InLanguage = "zh") -> HTMLResponse:
        return await pages.ask(question, token, await pages.visit(request, lang))

    @router.post("/follow/{token}/{action}")
    async def act(token: Token, action: CitizenAction, request: Request, lang: InLanguage = "zh") -> Response:
        return await pages.send(token, action, request, lang)

    @router.get("/follow/{token}/files/{reference}")
    async def file(token: Token, reference: Reference) -> Response:
        attachment = await pages.lookup.file(token, reference)
        content = await pages.commands.portal.attachments.content(attachment)
        way = "inline" if attachment.media_type.startswith("image/") else "attachment"
        name = f'{way}; filename="{reference}.{attachment.suffix}"'
        return Response(content, media_type=attachment.media_type, headers=SAFE | {"Content-Disposition": name})

    return router
