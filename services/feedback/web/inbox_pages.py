"""The page that shows messages written to a file, newest first, with links that can be opened; for local trials."""

import json
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Final, Literal
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Query
from fastapi.responses import HTMLResponse

from services.feedback.gateways.rendering import LINK
from shared.chassis.http import response_headers
from shared.jurisdiction.notice_words import notice_words
from shared.web.pages import Pages

ON_A_PAGE: Final = 20
LOOKED_AT: Final = 1_000_000
"""So many bytes at the end of the file are read: some thousands of messages."""


@dataclass(frozen=True, slots=True)
class MessagePiece:
    """A part of a message: text, or a link to a page of this deployment."""

    words: str
    href: str = ""


@dataclass(frozen=True, slots=True)
class InboxMessage:
    """One message with the masked address to which it was sent."""

    to: str
    notice: str
    at: str
    pieces: Sequence[MessagePiece]


def routes(file: Path, public_url: str, timezone: str, held: Callable[[], Awaitable[int]]) -> APIRouter:
    """`/inbox`; only where a deployment is tried out, see `FeedbackSettings.inbox`. `held` returns the number of
    messages that the hourly limit holds back."""
    router = APIRouter(include_in_schema=False, dependencies=[Depends(_private)])
    pages = Pages(Path(__file__).parent / "templates")

    @router.get("/inbox")
    async def look(lang: Literal["zh", "en"] = "zh", page: Annotated[int, Query(ge=1, le=1000)] = 1) -> HTMLResponse:
        """A page of messages; lines that cannot be read are left out."""
        messages = list(_messages(file, public_url.rstrip("/"), ZoneInfo(timezone), lang))
        start = (page - 1) * ON_A_PAGE
        values = {
            "lang": lang,
            "again": lambda lang=lang, page=page: f"/inbox?lang={lang}&page={page}",
            "messages": messages[start : start + ON_A_PAGE],
            "count": len(messages),
            "held": await held(),
            "sheet": page,
            "more": len(messages) > start + ON_A_PAGE,
        }
        return pages.render("inbox.html", values)

    return router


def _messages(file: Path, public_url: str, zone: ZoneInfo, lang: str) -> Iterator[InboxMessage]:
    for record in _newest_first(file):
        at = datetime.fromisoformat(str(record["at"])).astimezone(zone) if record.get("at") else None
        yield InboxMessage(
            to=str(record.get("to", "")),
            notice=notice_words(str(record.get("template", "")), lang),
            at=f"{at:%Y-%m-%d %H:%M:%S}" if at else "",
            pieces=list(_pieces(str(record.get("body", "")), public_url)),
        )


def _newest_first(file: Path) -> Iterator[Mapping[str, Any]]:
    try:
        with file.open("rb") as opened:
            size = opened.seek(0, 2)
            opened.seek(max(0, size - LOOKED_AT))
            lines = opened.read().splitlines()
    except FileNotFoundError:
        return
    for line in reversed(lines):
        try:
            record = json.loads(line)
        except ValueError:
            continue
        if isinstance(record, dict):
            yield record


def _pieces(body: str, public_url: str) -> Iterator[MessagePiece]:
    """The parts of a message. Only links to this deployment can be opened; other links may have been written by a
    citizen."""
    end = 0
    for match in LINK.finditer(body):
        if match[0].startswith(f"{public_url}/"):
            yield MessagePiece(body[end : match.start()])
            yield MessagePiece(match[0], match[0].removeprefix(public_url))
            end = match.end()
    yield MessagePiece(body[end:])


async def _private() -> None:
    response_headers.add(response_headers.PRIVATE)
