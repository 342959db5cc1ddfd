"""The messages of the jurisdiction: what waits and why, what failed, the gateways, another try, an end to waiting."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Query, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from services.routing.cases.handler import CaseHandler
from services.routing.web.desk_page import PAGES, InLanguage, desk_router
from services.routing.web.message_words import LISTS, STATES, WAITS
from services.routing.web.showing import when
from services.routing.web.staff_client import StaffClient
from services.routing.web.viewer import Viewer
from shared.chassis.base.clock import now
from shared.contracts.refusals import ANSWERS, Code, FieldError, Refused
from shared.identity.gate import Gate, SignedIn
from shared.jurisdiction.notice_words import notice_words
from shared.web.parts import SummaryRow, Tab

PATH: Final = "/desk/messages"
Listed = Annotated[Literal["waiting", "unknown", "failed", "sent", "over"], Query(alias="list")]
Number = Annotated[str, Query(max_length=40)]
Done = Annotated[Literal["", "retry", "cancel"], Query()]
_RETRIED: Final = frozenset({"failed", "skipped", "cancelled", "unknown", "pending"})
_CANCELLED: Final = frozenset({"pending", "unknown", "failed"})


def routes(desk: CaseHandler, gate: Gate, feedback: StaffClient) -> APIRouter:
    """The routes, for administrators and the coordinator's dispatchers; feedback is asked in their name and decides."""
    router = desk_router()
    By = Annotated[SignedIn, Depends(gate.signed_in)]  # noqa: N806 (a type)

    @router.get(PATH)
    async def messages(
        by: By, listed: Listed = "waiting", number: Number = "", before: int | None = None, lang: InLanguage = "zh"
    ) -> HTMLResponse:
        viewer = Viewer.of(by, desk, lang)
        query = {"list": listed, "number": number.strip()} | ({"before": before} if before else {})
        listing = (await feedback.answer("GET", "/v1/messages", viewer.person, params=query)).json()
        own: dict[str, Any] = {"list": listed, "number": number.strip()}
        values = viewer.page(PATH, **own, before=before) | {
            "number": number.strip(),
            "listed": listed,
            "tabs": _tabs(viewer, listed if not number else "", listing["counts"]),
            "rows": [_row(entry, viewer) for entry in listing["messages"]],
            "gateways": [_gateway(gateway, viewer) for gateway in listing["gateways"]],
            "older": viewer.to(PATH, **own, before=listing["before"]) if listing["before"] else "",
            "newest": viewer.to(PATH, **own) if before else "",
        }
        return PAGES.render("messages.html", values)

    @router.get(PATH + "/{id}")
    async def message(id: UUID, by: By, done: Done = "", lang: InLanguage = "zh") -> HTMLResponse:
        return await _story(feedback, Viewer.of(by, desk, lang), id, done)

    _deciding(router, desk, feedback, By)
    return router


def _deciding(router: APIRouter, desk: CaseHandler, feedback: StaffClient, By: Any) -> None:  # noqa: N803 (a type)
    @router.post(PATH + "/{id}/{what}")
    async def decide(
        id: UUID,
        what: Literal["retry", "cancel"],
        by: By,
        to_retry: Annotated[str, Form(alias="why-retry", max_length=1000)] = "",
        to_cancel: Annotated[str, Form(alias="why-cancel", max_length=1000)] = "",
        twice: Annotated[str, Form(max_length=10)] = "",
        lang: InLanguage = "zh",
    ) -> Response:
        viewer, why = Viewer.of(by, desk, lang), to_retry if what == "retry" else to_cancel
        decision = {"why": why.strip(), "although_unknown": bool(twice)}
        try:
            if not why.strip() or len(why) > 500:
                zh, en = "请填写原因，500 字以内", "Say why, in at most 500 characters"
                raise Refused(Code.INVALID, en, zh, (FieldError(f"why-{what}", zh, en),))
            await feedback.answer("POST", f"/v1/messages/{id}/{what}", viewer.person, json=decision)
        except Refused as refused:
            if refused.code not in (Code.INVALID, Code.ILLEGAL_TRANSITION):
                raise
            return await _story(feedback, viewer, id, "", refused, {what: why})
        return RedirectResponse(viewer.to(f"{PATH}/{id}", done=what), 303)


async def _story(
    feedback: StaffClient,
    viewer: Viewer,
    id: UUID,
    done: str,
    refused: Refused | None = None,
    typed: Mapping[str, str] | None = None,
) -> HTMLResponse:
    entry = (await feedback.answer("GET", f"/v1/messages/{id}", viewer.person)).json()
    errors = viewer.errors_of(refused)
    values = viewer.page(f"{PATH}/{id}") | {
        "path": f"{PATH}/{id}",
        "what": notice_words(entry["template"], viewer.lang),
        "number": entry["number"],
        "text": entry["text"],
        "rows": _summary(entry, viewer),
        "may_retry": entry["state"] in _RETRIED,
        "may_cancel": entry["state"] in _CANCELLED,
        "unknown": entry["state"] == "unknown",
        "done": done,
        "errors": errors,
        "problem": viewer.say(refused.zh or refused.en, refused.en) if refused and not errors else "",
        "typed": {"retry": "", "cancel": "", **(typed or {})},
    }
    return PAGES.render("message.html", values, ANSWERS[refused.code].status if refused else 200)


def _tabs(viewer: Viewer, current: str, counts: Mapping[str, int]) -> list[Tab]:
    return [
        Tab(
            viewer.to(PATH, list=name), viewer.say(*words), counts.get(name), name == current,
            "overdue" if name in ("unknown", "failed") else "",
        )
        for name, words in LISTS.items()
    ]  # fmt: skip


def _state(entry: Mapping[str, Any], viewer: Viewer) -> str:
    state = viewer.say(*STATES.get(entry["state"], (entry["state"], entry["state"])))
    waits = WAITS.get(entry["waits"])
    return f"{state}{viewer.say('：', ': ')}{viewer.say(*waits)}" if waits else state


def _row(entry: Mapping[str, Any], viewer: Viewer) -> dict[str, Any]:
    return {
        "href": viewer.to(f"{PATH}/{entry['id']}"),
        "what": notice_words(entry["template"], viewer.lang),
        "number": entry["number"],
        "state": _state(entry, viewer),
        "gateway": entry["via"] or "—",
        "since": when(_moment(entry["finished_at"] or entry["created_at"]), viewer, now()),
        "due": when(_moment(entry["due_at"]), viewer, now()) if entry["waits"] else "",
        "cause": entry["cause"],
    }


def _gateway(gateway: Mapping[str, Any], viewer: Viewer) -> dict[str, Any]:
    rests = _moment(gateway["rests_since"])
    return {
        "name": gateway["name"],
        "waiting": gateway["waiting"],
        "rests": when(rests, viewer, now()) if rests else "",
        "cause": gateway["cause"],
    }


def _summary(entry: Mapping[str, Any], viewer: Viewer) -> list[SummaryRow]:
    labelled = [
        (("诉求编号", "Demand"), entry["number"]),
        (("状态", "State"), _state(entry, viewer)),
        (("原因", "Cause"), entry["cause"]),
        (("网关", "Gateway"), entry["via"]),
        (("网关编号", "The gateway's reference"), entry["reference"]),
        (("发送次数", "Tries"), str(entry["attempts"])),
        (("产生", "Written"), when(_moment(entry["created_at"]), viewer, now())),
        (("最早发送", "Not before"), when(_moment(entry["due_at"]), viewer, now()) if entry["waits"] else ""),
        (("结束", "Ended"), when(_moment(entry["finished_at"]), viewer, now())),
    ]
    return [SummaryRow(viewer.say(*label), words) for label, words in labelled if words]


def _moment(written: str | None) -> datetime | None:
    return datetime.fromisoformat(written) if written else None
