"""Says what may be submitted, and makes the fact `demand.submitted` of it; pure."""

from datetime import datetime, timedelta
from typing import Annotated, Final
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from services.intake.attachments.references import Attachments
from services.intake.submission import recorded_steps
from services.intake.vault.contact import Contact
from shared.contracts.codes import GivenCode
from shared.contracts.demand.facts import (
    ChannelKind,
    DemandSubmitted,
    Location,
    RecordedStep,
    RequestKind,
    Urgency,
)
from shared.contracts.moment import RULE_EN, RULE_ZH, WRITTEN, Moment, is_supported
from shared.contracts.refusals import Code, FieldError, Refused
from shared.contracts.text import Text
from shared.contracts.wording import Identifier, Masks, by_citizen, by_office, masked
from shared.jurisdiction.pack import Pack
from shared.masking import MASKS

CLOCK_SKEW: Final = timedelta(minutes=5)
_STEP: Final = {"at": "2021-05-12T09:00:00+08:00", "type": "demand.resolved", "data": {"result": "已加装风雨棚"}}


class SubmitDemand(BaseModel):
    """A demand as a channel sends it."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    title: Annotated[Text, Field(min_length=1, max_length=200, examples=["校车接送点没有风雨棚"]), by_citizen()]
    text: Annotated[Text, Field(max_length=8000, examples=["下雨天学生在路边淋雨候车"]), by_citizen()] = ""
    division: Annotated[
        GivenCode | None,
        Field(examples=["440605126222"], description="division code; without it, the channel's own"),
    ] = None
    category: Annotated[
        GivenCode | None,
        # A menu in which nothing was chosen sends "".
        BeforeValidator(lambda code: None if code == "" else code),
        Field(description="category code, when it is known", examples=["school-transport"]),
    ] = None
    jurisdiction: Annotated[
        Annotated[str, Identifier("a pack's id")] | None,
        Field(max_length=64, examples=["nanhai"], description="where no division is told, only a point or an address"),
    ] = None
    kind: RequestKind = RequestKind.HELP
    urgency: Urgency = Field(Urgency.ORDINARY, description="how soon harm would follow, as whoever takes it in sees it")
    vulnerable: bool = Field(False, description="of somebody who needs protection (old, a child …): shorter limits")
    may_publish: bool | None = Field(None, description="may words and answer be published, masked; null: not asked")
    location: Annotated[Location | None, Field(examples=[{"lat": 23.0288, "lon": 113.1428}])] = None
    contact: Annotated[Contact | None, Field(examples=[{"name": "陈先生", "phone": "13800138000"}])] = None
    attachments: Attachments = ()
    external_id: Annotated[
        Text | None,
        Field(
            min_length=1,
            max_length=128,
            description="the channel's own reference, unique there",
            examples=["12345-20261124-0007"],
        ),
        by_office(),
    ] = None
    occurred_at: Annotated[
        Moment | None,
        WRITTEN,
        Field(description="when it was raised, if earlier than now", examples=["2026-11-24T08:00:00+08:00"]),
    ] = None


Steps = Annotated[tuple[RecordedStep, ...], Field(max_length=200, examples=[[_STEP]])]


class HandledDemand(SubmitDemand):
    """A demand that staff handled while they took it in, with what they did; its citizen is told as of any other."""

    history: Steps


class RecordedDemand(SubmitDemand):
    """A demand of another system, with what happened to it there."""

    external_id: Annotated[Text, Field(min_length=1, max_length=128, examples=["1-876543"]), by_office()]
    occurred_at: Annotated[Moment, WRITTEN, Field(examples=["2021-05-10T10:00:00+08:00"])]
    channel_kind: ChannelKind
    via: Annotated[
        Text, Field(max_length=64, description="the channel in the other system", examples=["12345热线"]), by_office()
    ]
    history: Steps = ()


def steps_of(command: SubmitDemand) -> tuple[RecordedStep, ...]:
    """The steps that happened to the demand before it was submitted; empty for an ordinary submission."""
    return command.history if isinstance(command, RecordedDemand | HandledDemand) else ()


def content(command: SubmitDemand) -> bytes:
    """The canonical JSON of a command: two commands with the same content have the same bytes."""
    return command.model_dump_json(exclude_defaults=True).encode()


def check(command: SubmitDemand, pack: Pack | None, now: datetime) -> Pack:
    """The jurisdiction of the demand; raises `Refused`, which names every field that has an error."""
    errors = []
    if command.jurisdiction and command.jurisdiction != (pack and pack.id):
        errors.append(_unknown("jurisdiction", command.jurisdiction, "辖区", pack.id if pack else "nanhai"))
    elif command.division is None:
        errors.append(_NO_DIVISION)
    elif pack is None:
        errors.append(_unknown("division", command.division or "", "区划代码", "440605126222"))
    elif command.category and pack.category(command.category) is None:
        example = pack.leaf_categories[0].code
        errors.append(_unknown("category", command.category, "类别代码", example))
    if command.occurred_at and command.occurred_at > now + CLOCK_SKEW:
        errors.append(_in_the_future("occurred_at", command.occurred_at, now))
    if isinstance(command, RecordedDemand):
        errors.extend(_history_errors(command, now))
    if errors or pack is None:
        en = "; ".join(f"{e.field}: {e.en}" for e in errors)
        raise Refused(Code.INVALID, en, "；".join(e.zh for e in errors), tuple(errors))
    return pack


_NO_DIVISION: Final = FieldError(
    "division",
    "缺少区划代码，也没有坐标（location）；也可用 huying channel set 给渠道设置默认区划",
    "is missing, and so is a point (`location`); send one of them, or give the channel a division with "
    "`huying channel set CHANNEL division=CODE`",
    "440605126222",
)


def _unknown(field: str, code: str, zh: str, example: str) -> FieldError:
    see = "GET /v1/jurisdictions"
    return FieldError(field, f"{zh} {code!r} 不存在，见 {see}", f"{code!r} is not known; see {see}", example)


def _in_the_future(field: str, at: datetime, now: datetime) -> FieldError:
    return FieldError(field, f"时间 {at.isoformat()} 晚于现在", f"{at.isoformat()} is in the future", now.isoformat())


def _history_errors(command: RecordedDemand, now: datetime) -> list[FieldError]:
    field_errors: list[FieldError] = []
    last = command.occurred_at
    for n, step in enumerate(command.history):
        field_errors.extend(recorded_steps.misfits(f"history.{n}", step))
        if not is_supported(step.at):
            field_errors.append(FieldError(f"history.{n}.at", RULE_ZH, RULE_EN))
        elif step.at < last:
            en = f"{step.type} at {step.at.isoformat()} is before the step ahead of it ({last.isoformat()})"
            field_errors.append(FieldError(f"history.{n}.at", "记录的时间早于上一环节", en))
        elif step.at > now + CLOCK_SKEW:
            field_errors.append(_in_the_future(f"history.{n}.at", step.at, now))
        last = step.at
    return field_errors


def submitted(
    command: SubmitDemand,
    pack: Pack,
    number: str,
    channel: str,
    kind: ChannelKind,
    contact: UUID | None,
    channel_name: str = "",
    masks: Masks = MASKS,
) -> DemandSubmitted:
    """The fact `demand.submitted`: personal numbers are masked, and coordinates are rounded to four decimals (about ten
    metres).

    `external_id` is masked too, because a hotline may number its calls by the caller's telephone number.
    """
    imported = isinstance(command, RecordedDemand)
    masked_command = masked(command, masks)
    place = command.location and Location(lat=round(command.location.lat, 4), lon=round(command.location.lon, 4))
    return DemandSubmitted(
        number=number,
        jurisdiction=pack.id,
        channel=masked_command.via if isinstance(masked_command, RecordedDemand) else channel,
        channel_kind=command.channel_kind if isinstance(command, RecordedDemand) else kind,
        channel_name=channel_name or None if not imported else None,
        external_id=masked_command.external_id,
        kind=command.kind,
        category=command.category,
        division=command.division or pack.root,
        title=masked_command.title,
        text=masked_command.text,
        location=place,
        attachments=command.attachments,
        contact=contact,
        imported=imported,
        history=tuple(recorded_steps.masked_step(step, masks) for step in steps_of(command)),
        urgency=command.urgency,
        vulnerable=command.vulnerable or pack.is_vulnerable(command.category),
        may_publish=command.may_publish,
    )
