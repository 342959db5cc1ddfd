"""A pack's rules for call-backs (回访): which citizens are called, by when, how often, and what they are asked."""

from collections.abc import Iterable
from datetime import datetime, time, timedelta
from enum import StrEnum
from typing import Annotated, Final, Self
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import Field, model_validator

from shared.contracts.refusals import Code, FieldError, Refused
from shared.jurisdiction.handling import Coded
from shared.jurisdiction.limits import Limit
from shared.jurisdiction.parts import Days, Hours, PackModel, Text, Words, span


class Coverage(StrEnum):
    """The answered demands about which staff call; citizens who have rated the answer are never called."""

    NONE = "none"
    ALL = "all"
    """All answered demands (Hengdong, Xiayang)."""
    SAMPLE = "sample"
    """`share` per cent of them (Shanghai 2016: 140,000 calls of 1.2 million orders)."""
    UNANSWERED = "unanswered"
    """Those that were not rated within `after_days`."""


class Tag(Coded):
    """A short remark that a citizen may choose, such as "prompt"; `good` says whether it is praise."""

    good: bool = False


USUAL_NOT_REACHED: Final = (
    Coded(code="no-answer", name=Text(zh="无人接听", en="No answer")),
    Coded(code="switched-off", name=Text(zh="关机", en="Switched off")),
    Coded(code="busy", name=Text(zh="占线", en="Busy")),
    Coded(code="wrong-number", name=Text(zh="号码有误", en="Wrong number")),
    Coded(code="refused", name=Text(zh="不愿接受回访", en="Did not want to be asked")),
    Coded(code="other", name=Text(zh="其他", en="Other")),
)
"""The reasons for packs that list none. Order forms elsewhere have 无法回访 and 无人接听; these are usual causes. Our
choice."""
USUAL_TAGS: Final = (
    Tag(code="prompt", name=Text(zh="办理及时", en="Prompt"), good=True),
    Tag(code="friendly", name=Text(zh="态度好", en="Friendly"), good=True),
    Tag(code="clear", name=Text(zh="答复清楚", en="Clear answer"), good=True),
    Tag(code="slow", name=Text(zh="办理慢", en="Slow")),
    Tag(code="not-contacted", name=Text(zh="没有联系过我", en="Nobody spoke with me")),
    Tag(code="unfriendly", name=Text(zh="态度不好", en="Unfriendly")),
    Tag(code="unclear", name=Text(zh="答复不清楚", en="Unclear answer")),
    Tag(code="only-words", name=Text(zh="只答复没解决", en="Words, no deeds")),
)
"""Our choice, after the questions of call-backs elsewhere: contacted, result, attitude, clear."""
USUAL_QUESTIONS: Final = (
    Text(zh="承办单位联系过您吗？", en="Did the unit speak with you?"),
    Text(zh="问题解决了吗？", en="Is the problem solved?"),
    Text(zh="您对办理结果满意吗？", en="How satisfied are you with the result?"),
    Text(zh="您对工作人员的态度和办理过程满意吗？", en="How satisfied are you with how it was done?"),
    Text(zh="答复说清楚了吗？还有什么要补充？", en="Was the answer clear? Anything to add?"),
)
"""The questions of an order form elsewhere: 是否联系, 是否解决, 结果, 态度和过程, 意见是否明确."""


class CallBack(PackModel):
    """`callback` in `pack.yaml`; without it nobody is called, and the usual tags may be given."""

    coverage: Coverage = Coverage.ALL
    share: Annotated[int, Field(ge=1, le=100, description="per cent of the answers; of a sample alone")] | None = None
    after_days: Days | None = Field(None, description="calendar days after the answer; of `unanswered` alone")
    within: Limit = Field(Limit(working_days=1), description="from the answer, or from the end of `after_days`")
    tries: Annotated[
        int, Field(ge=1, le=10, description="after so many calls without reaching the citizen, nobody calls again")
    ] = 2
    hours: Hours = Field("09:00-20:00", description="hours of the day in which citizens are called")
    not_reached: Annotated[tuple[Coded, ...], Field(min_length=1)] = USUAL_NOT_REACHED
    tags: Annotated[tuple[Tag, ...], Field(max_length=12)] = USUAL_TAGS
    questions: Annotated[tuple[Text, ...], Field(max_length=12)] = USUAL_QUESTIONS
    source: Words = "our choice"

    @model_validator(mode="after")
    def _says_whom(self) -> Self:
        for name, coverage in (("share", Coverage.SAMPLE), ("after_days", Coverage.UNANSWERED)):
            if getattr(self, name) is not None and self.coverage is not coverage:
                raise ValueError(f"{name} is for coverage: {coverage}; set that, or take {name} out")
            if getattr(self, name) is None and self.coverage is coverage:
                raise ValueError(f"coverage: {coverage} needs {name}")
        opens, closes = span(self.hours)
        if closes < opens:
            raise ValueError(f"hours: {self.hours!r} span midnight; use hours of the day, such as 09:00-20:00")
        return self

    @property
    def is_on(self) -> bool:
        """Whether citizens are called at all."""
        return self.coverage is not Coverage.NONE

    def covers(self, demand: UUID) -> bool:
        """Whether staff call about this demand; the choice of a sample is always the same for one demand."""
        return self.is_on and (self.share is None or demand.int % 100 < self.share)

    def opens_at(self, answered_at: datetime) -> datetime:
        """From when a citizen is called."""
        return answered_at + timedelta(days=self.after_days or 0)

    def is_open(self, at: datetime, zone: ZoneInfo) -> bool:
        """Whether citizens may be called at this time."""
        opens, closes = span(self.hours)
        return opens <= at.astimezone(zone).time() < closes

    @property
    def begins(self) -> time:
        """The local time at which calls begin."""
        return span(self.hours)[0]

    def require_tags(self, tags: Iterable[str]) -> None:
        """Raise `Refused`, with the list of allowed tags, if a tag is not in the list."""
        known = [tag.code for tag in self.tags]
        unknown = [tag for tag in tags if tag not in known]
        if not unknown:
            return
        allowed_zh = "、".join(f"{tag.code}（{tag.name.zh}）" for tag in self.tags)
        en = f"there is no tag {unknown[0]!r}; tags are: {', '.join(known) or 'none'}"
        zh = f"没有标签“{unknown[0]}”；可选：{allowed_zh or '无'}"
        raise Refused(Code.INVALID, f"tags: {en}", zh, (FieldError("tags", zh, en, next(iter(known), None)),))


NOBODY_CALLED: Final = CallBack(coverage=Coverage.NONE)
