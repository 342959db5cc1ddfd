"""The page that says for each of many cases what became of a command that was given to all of them."""

from collections.abc import Sequence

from fastapi.responses import HTMLResponse

from services.routing.cases.commands import RoutingCommand
from services.routing.cases.commands_api import AT_ONCE, outcome
from services.routing.cases.handler import Actor, CaseHandler
from services.routing.web import showing
from services.routing.web.desk_page import PAGES
from services.routing.web.viewer import Viewer


async def given_to_many(
    desk: CaseHandler,
    viewer: Viewer,
    command: RoutingCommand,
    numbers: Sequence[str],
    key: str,
    *,
    title: str,
    done: str,
    path: str,
    back: str,
) -> HTMLResponse:
    """Give a command to the first `AT_ONCE` of these cases and show their outcomes. `key`: from the form, so that a
    form which is sent twice acts once; `done` says that a case was changed; `path`: of the list from which the form
    came; `back`: the same list as it was narrowed."""
    actor, listed = Actor(viewer.person, f"desk:{key}"), viewer.list_before(back or viewer.to(path))
    outcomes = [await outcome(desk, number, command, actor) for number in numbers[:AT_ONCE]]
    values = viewer.page(path) | {
        "title": title,
        "back": listed.href,
        "back_words": listed.words,
        "outcomes": [showing.outcome(case_outcome, viewer, done, back) for case_outcome in outcomes],
    }
    return PAGES.render("outcomes.html", values)
