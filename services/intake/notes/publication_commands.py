"""Defines what is said about publication: by the citizen, or for them by the staff who heard it; pure."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from shared.contracts.examples import with_examples
from shared.contracts.text import Text
from shared.contracts.wording import STAFF, by_office


class _Wish(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class KeepPrivate(_Wish):
    """Ask that nothing of the demand is published (不同意公开). What was published is hidden at once."""

    model_config = ConfigDict(json_schema_extra=with_examples({}))


class Publish(_Wish):
    """Agree after all that the demand may be published (同意公开), as if it had been said when it was raised."""

    model_config = ConfigDict(json_schema_extra=with_examples({}))


SaidBy = Annotated[
    Text,
    Field(
        min_length=2,
        max_length=200,
        description="who said so, and how; names and numbers are hidden",
        examples=["诉求人本人来电"],
    ),
    by_office(200),
]


class HeardConsent(Publish):
    """The citizen said yes to a member of staff, on the telephone or at the counter."""

    model_config = ConfigDict(json_schema_extra=with_examples({"said_by": "诉求人本人来电"}))

    said_by: SaidBy


class EnteredConsent(HeardConsent):
    """The same with the member of staff who entered it, as the token names them."""

    entered_by: Annotated[Text, STAFF]


class HeardRefusal(KeepPrivate):
    """The citizen said no to a member of staff."""

    model_config = ConfigDict(json_schema_extra=with_examples({"said_by": "诉求人本人来电"}))

    said_by: SaidBy


class EnteredRefusal(HeardRefusal):
    """The same with the member of staff who entered it."""

    entered_by: Annotated[Text, STAFF]
