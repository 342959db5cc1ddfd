"""The card in which staff enter what a citizen says about publication: on the page of a case, and of a call-back."""

from collections.abc import Mapping
from typing import Any, Final
from uuid import uuid4

from starlette.datastructures import FormData

from services.routing.cases.decisions.publishing import awaits_consent, may_still_refuse
from services.routing.cases.reading import Case
from services.routing.web.intake_reader import IntakeReader, Wish
from services.routing.web.viewer import Viewer
from shared.contracts.refusals import Code, Refused
from shared.identity.relations import may
from shared.identity.rights import RECORD_CONSENT, RECORD_REFUSAL

WISHES: Final[Mapping[str, Wish]] = {RECORD_CONSENT: "consent", RECORD_REFUSAL: "refusal"}
"""What is entered by each command."""


def wish_values(viewer: Viewer, case: Case, path: str, done: str = "", back: str = "") -> dict[str, Any]:
    """The values of the card; its forms are sent below `path`. What was just `done` is known here a moment later: until
    then nobody is asked for it again."""
    demand, pack = case.demand, viewer.pack
    is_needed = {
        RECORD_CONSENT: awaits_consent(demand, pack, case.publication),
        RECORD_REFUSAL: may_still_refuse(demand, pack, case.publication),
    }
    actions = {
        command: viewer.to(f"{path}/{command}", back=back)
        for command, needed in is_needed.items()
        if needed and done not in WISHES and may(command, viewer.person, demand, pack)
    }
    return {
        "record_consent": actions.get(RECORD_CONSENT, ""),
        "record_refusal": actions.get(RECORD_REFUSAL, ""),
        "refused_publication": case.publication.refused or demand.may_publish is False,
        "agreed_publication": not is_needed[RECORD_CONSENT],
        "said_by": "",
    }


async def entered(
    intake: IntakeReader, viewer: Viewer, number: str, command: str, form: FormData
) -> dict[str, Any] | None:
    """Tell intake what was entered; returns the values of the card if it says too little. Raises `Refused`."""
    said_by, key = str(form.get("said_by") or "").strip(), str(form.get("key") or uuid4())
    try:
        await intake.record_wish(number, WISHES[command], said_by, f"desk:{key[:64]}", viewer.person)
    except Refused as refused:
        if refused.code is not Code.INVALID:
            raise
        wrong = viewer.say("请写明是谁、怎么说的，2至200字", "Say who said so and how, in 2 to 200 characters")
        return {"errors": {"said_by": wrong}, "said_by": said_by}
    return None
