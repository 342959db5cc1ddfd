"""The model of `pack.yaml`: the identity of the jurisdiction and its rules for handling demands."""

from typing import Annotated, Final, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, field_validator, model_validator

from shared.contracts.codes import Code
from shared.contracts.demand.facts import Location
from shared.jurisdiction.callback import NOBODY_CALLED, CallBack
from shared.jurisdiction.courtesy import Courtesy
from shared.jurisdiction.handling import Handling
from shared.jurisdiction.limits import WORKING_HOURS, Supervision, stretches
from shared.jurisdiction.parts import Days, HotSpotRules, ListLevel, PackModel, Text, VillageFund, Words
from shared.jurisdiction.publication import PublicationRules, PublicPart

Language = Literal["zh", "en"]
MESSAGES_PER_HOUR: Final = 6
"""Our choice: the messages of a demand that is settled within an hour, from its receipt to the thanks for the
rating."""
Dissatisfied = Literal["reopen", "call-back"]
"""What follows a bad rating. `reopen`: the unit handles the demand again (不满意重办). `call-back`: it ends as
disputed, and the coordinator calls the citizen."""
NOTHING_SHOWN = PublicationRules(unreleased=(), source="the pack does not say; nothing is shown")


class Profile(PackModel):
    """The content of `pack.yaml`. `stationed_level` is the level of divisions with stations and teams; null: there are
    none.

    `publication` says what the public sees of a demand; without it only number, status and dates.
    """

    id: Code
    name: Text
    number_prefix: Annotated[str, Field(description="two capital letters with which every demand number begins")]
    timezone: str
    languages: Annotated[tuple[Language, ...], Field(min_length=1)]
    root: Code
    coordinator: Code
    stationed_level: Words | None = None
    max_returns: Annotated[int, Field(ge=0)]
    max_reopenings: Annotated[int, Field(ge=0)]
    max_extensions: Annotated[
        int, Field(ge=0, description="how often a due time may be extended before the answer")
    ] = 1
    max_extension_days: Days | None = Field(
        None, description="working days of one extension at most; null: as many as the demand's own limit"
    )
    rate_within_days: Days
    dissatisfied: Dissatisfied = Field(
        "reopen", description="what happens after a rating of 1 or 2 for a solved demand"
    )
    messages_per_hour: Annotated[int, Field(ge=1, description="messages to one address, for all demands together")] = (
        MESSAGES_PER_HOUR
    )
    map_centre: Location | None = Field(None, description="centre of the map of the jurisdiction when it opens, WGS-84")
    messages: Courtesy = Courtesy()
    list_levels: tuple[ListLevel, ...] = ()
    fund: VillageFund | None = None
    hot_spots: HotSpotRules = HotSpotRules()
    publication: PublicationRules = NOTHING_SHOWN
    working_hours: tuple[Words, ...] = Field(WORKING_HOURS, description="hours of a working day, such as 08:30-12:00")
    supervision: Supervision = Supervision()
    handling: Handling = Handling()
    callback: CallBack = NOBODY_CALLED

    @field_validator("working_hours")
    @classmethod
    def _in_order(cls, texts: tuple[str, ...]) -> tuple[str, ...]:
        stretches(texts)
        return texts

    @field_validator("number_prefix")
    @classmethod
    def _two_capitals(cls, prefix: str) -> str:
        if len(prefix) == 2 and prefix.isascii() and prefix.isalpha() and prefix.isupper():
            return prefix
        raise ValueError(f"{prefix!r} must be two capital letters, such as NH")

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError):
            raise ValueError(f"{name!r} is not an IANA time zone, such as Asia/Shanghai") from None
        return name

    @field_validator("publication")
    @classmethod
    def _point_needs_place(cls, publication: PublicationRules) -> PublicationRules:
        if PublicPart.POINT in publication.unreleased and PublicPart.PLACE not in publication.unreleased:
            raise ValueError("a point shows the place: add place to unreleased, or remove point")
        return publication

    @model_validator(mode="after")
    def _fund_needs_villages(self) -> Self:
        if self.fund and not self.stationed_level:
            raise ValueError("a fund per village needs stationed_level, the level that villages have")
        return self
