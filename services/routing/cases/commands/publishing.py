"""The commands of reviewers, who decide what everybody may read of a case."""

from typing import Annotated

from pydantic import ConfigDict, Field

from services.routing.cases.commands.base import Reason, StaffCommand
from shared.contracts.demand.facts import UnpublishedFor
from shared.contracts.examples import with_examples
from shared.contracts.text import Text
from shared.contracts.wording import by_citizen, by_office

Title = Annotated[Text | None, Field(min_length=1, max_length=200), by_citizen(200)]
Question = Annotated[Text | None, Field(max_length=8000), by_citizen(8000)]
PublicAnswer = Annotated[Text | None, Field(max_length=4000), by_office(4000)]


class PublishDemand(StaffCommand):
    """Release the words and the answer of a case for everybody to read (公开)."""

    model_config = ConfigDict(json_schema_extra=with_examples({"answer": "风雨棚已建成并投入使用"}, {}))

    title: Title = Field(None, description="null: as the citizen wrote it, masked")
    text: Question = Field(None, description="null: as the citizen wrote it, masked; empty: nothing but the title")
    answer: PublicAnswer = Field(None, description="null: the public text that the unit wrote")


class CorrectPublication(StaffCommand):
    """Correct what was released (更正公开内容); everybody sees that it was corrected, and why."""

    model_config = ConfigDict(json_schema_extra=with_examples({"answer": "风雨棚已建成", "correction": "更正完工时间"}))

    title: Title = Field(None, description="null: as it is")
    text: Question = Field(None, description="null: as it is")
    answer: PublicAnswer = Field(None, description="null: as it is; of a case that was handled again, the new one")
    correction: Reason


class WithdrawPublication(StaffCommand):
    """Take back what was released (撤回公开), or decide that it is not released (不予公开)."""

    model_config = ConfigDict(json_schema_extra=with_examples({"ground": "privacy", "reason": "正文能够看出是哪一户"}))

    ground: UnpublishedFor = Field(description="for everybody to read")
    reason: Reason = Field(description="for staff alone")
