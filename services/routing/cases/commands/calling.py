"""The commands of callers, who ask a citizen by telephone for a verdict (回访)."""

from typing import Annotated

from pydantic import AwareDatetime, ConfigDict, Field

from services.routing.cases.commands.base import Note, StaffCommand
from shared.contracts.demand.facts import Rating, Tags
from shared.contracts.examples import with_examples
from shared.contracts.moment import WRITTEN
from shared.contracts.text import Text
from shared.contracts.wording import Identifier, by_citizen

NotReached = Annotated[Text, Field(min_length=1, max_length=64), Identifier("a reason of the jurisdiction")]


class StartCallBack(StaffCommand):
    """Take a call-back (领取回访): for twenty minutes nobody else calls the same citizen. Taking it again goes on."""

    model_config = ConfigDict(json_schema_extra=with_examples({}))


class ReleaseCallBack(StaffCommand):
    """Put a call-back back into the list (放回回访) without having called."""

    model_config = ConfigDict(json_schema_extra=with_examples({}))


class RecordCallBack(StaffCommand):
    """Record what came of a call (登记回访): what the citizen said, or why they were not reached.

    Reached: `solved`, and `rating` unless it is not solved; this is the citizen's verdict, marked with who entered it.
    Not reached: `not_reached`; the citizen is called again until the tries of the jurisdiction are over.
    """

    model_config = ConfigDict(
        json_schema_extra=with_examples(
            {"reached": True, "rating": 4, "solved": True, "tags": ["prompt"], "comment": "修得很快"},
            {"reached": False, "not_reached": "no-answer"},
        )
    )

    reached: bool
    rating: Rating | None = None
    solved: bool | None = None
    tags: Tags = ()
    comment: Annotated[Text, Field(max_length=2000), by_citizen(4000)] = ""
    not_reached: NotReached | None = Field(None, description="a code of the pack")
    note: Note = ""
    again_at: Annotated[AwareDatetime, WRITTEN] | None = Field(
        None, description="when to call again; null: when the calling hours of the next working day begin"
    )
