"""The answers about webhooks."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.feedback.webhooks.commands import EVENT, URL
from services.feedback.webhooks.domain import DISABLED_WORDS, DeliveryState, DisabledFor
from services.feedback.webhooks.log_queries import LoggedDelivery
from services.feedback.webhooks.queries import NONE_WAITS, WebhookBacklog, WebhookRow
from shared.chassis.http.pagination import Page
from shared.contracts.examples import NUMBER, RESOLVED_AT, Sample, with_examples

WEBHOOK_ID: Final = "01a20a65-0068-7a5b-bc0f-eb1c0ce2a65c"
SECRET: Final = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD3lQ2nrHVpRs="
_WEBHOOK: Final[Sample] = {
    "id": WEBHOOK_ID,
    "url": URL,
    "description": "小程序后台",
    "channel": "wechat-main",
    "types": ["demand.resolved", "demand.closed"],
    "created_by": "channel:wechat-main",
    "created_at": RESOLVED_AT,
    "state": "active",
    "notice": "",
    "notice_zh": "",
    "delivered_at": RESOLVED_AT,
    "waiting": 0,
}
_DELIVERY: Final[Sample] = {
    "event": EVENT,
    "type": "demand.resolved",
    "number": NUMBER,
    "at": RESOLVED_AT,
    "state": "pending",
    "attempts": 1,
    "due_at": RESOLVED_AT,
    "created_at": RESOLVED_AT,
    "tries": [
        {"number": 1, "at": RESOLVED_AT, "status": 500, "cause": "it answered 500", "milliseconds": 31},
    ],
}


class ShownWebhook(BaseModel):
    """A webhook, without its secret."""

    model_config = ConfigDict(json_schema_extra=with_examples(_WEBHOOK))

    id: UUID
    url: str
    description: str
    channel: str | None = Field(None, description="the channel about whose demands it gets events")
    jurisdiction: str | None = Field(
        None, description="or the jurisdiction about whose demands it gets events, except reports (举报)"
    )
    types: tuple[str, ...] | None = None
    divisions: tuple[str, ...] | None = None
    categories: tuple[str, ...] | None = None
    channels: tuple[str, ...] | None = None
    created_by: str
    created_at: datetime
    state: str = Field(description="`active`, `failing` (it is tried again) or `disabled`", examples=["active"])
    notice: str = Field(description="what is wrong and what to do, empty where all is well")
    notice_zh: str
    delivered_at: datetime | None = Field(None, description="when it last accepted a delivery, to ten seconds")
    failing_since: datetime | None = None
    disabled_at: datetime | None = None
    disabled_for: DisabledFor | None = None
    previous_secret_until: datetime | None = Field(
        None, description="until when deliveries are also signed with the previous secret"
    )
    waiting: int = Field(description="deliveries that wait; 10,000 stands for 10,000 or more")
    oldest_waiting_at: datetime | None = None

    @classmethod
    def of(cls, row: WebhookRow, waiting: WebhookBacklog = NONE_WAITS) -> "ShownWebhook":
        """As its owner sees it."""
        return cls.model_validate(_told(row, waiting))


class WebhookWithSecret(ShownWebhook):
    """A webhook with its secret, which is shown this once."""

    model_config = ConfigDict(json_schema_extra=with_examples(_WEBHOOK | {"secret": SECRET}))

    secret: str

    @classmethod
    def with_secret(cls, row: WebhookRow, secret: str) -> "WebhookWithSecret":
        """The answer after a webhook was created or got a new secret."""
        return cls.model_validate(_told(row, NONE_WAITS) | {"secret": secret})


class WebhookList(BaseModel):
    """The webhooks of the caller, the oldest first."""

    model_config = ConfigDict(json_schema_extra=with_examples({"webhooks": [_WEBHOOK]}))

    webhooks: tuple[ShownWebhook, ...]


class DeliveryAttempt(BaseModel):
    """One request."""

    number: int
    at: datetime
    status: int | None = Field(None, description="the HTTP status; null: there was no answer")
    cause: str
    milliseconds: int


class ShownDelivery(BaseModel):
    """The delivery of one event to one webhook."""

    model_config = ConfigDict(json_schema_extra=with_examples(_DELIVERY))

    event: UUID = Field(description="the `webhook-id` of its requests")
    type: str
    number: str = Field(description="the demand's; empty of a test")
    at: datetime = Field(description="when it happened")
    state: DeliveryState
    attempts: int
    due_at: datetime = Field(description="when it is tried next, where it is pending")
    created_at: datetime
    finished_at: datetime | None = None
    tries: tuple[DeliveryAttempt, ...] = Field(description="the last twelve, the latest first")

    @classmethod
    def of(cls, logged: LoggedDelivery) -> "ShownDelivery":
        """As the log has it."""
        return cls.model_validate(logged, from_attributes=True)


class DeliveryLog(Page):
    """The log of a webhook, the newest first."""

    model_config = ConfigDict(json_schema_extra=with_examples({"deliveries": [_DELIVERY]}))

    deliveries: tuple[ShownDelivery, ...]


class Redelivered(BaseModel):
    """How many deliveries are sent again."""

    model_config = ConfigDict(json_schema_extra=with_examples({"deliveries": 17}))

    deliveries: int


class WebhookTest(BaseModel):
    """The event under which the log tells what became of a test."""

    model_config = ConfigDict(json_schema_extra=with_examples({"event": EVENT}))

    event: UUID


def state_of(row: WebhookRow) -> str:
    """How a webhook does, in a word."""
    return "disabled" if row.disabled_at else "failing" if row.failing_since else "active"


def notices(row: WebhookRow) -> tuple[str, str]:
    """What is wrong with a webhook and what to do, in English and Chinese; empty if nothing is."""
    if row.disabled_for:
        words = DISABLED_WORDS[row.disabled_for]
        return f"nothing is sent: {words.en}", f"已停止推送：{words.zh}"
    if row.failing_since:
        en = f"nothing was taken since {row.failing_since:%Y-%m-%d %H:%M} UTC; after three days it is disabled"
        zh = f"自 {row.failing_since:%Y-%m-%d %H:%M}（UTC）起未能送达；持续三天将自动停用，原因见推送日志"
        return f"{en}; the reason is in the log of deliveries", zh
    return "", ""


def _told(row: WebhookRow, waiting: WebhookBacklog) -> dict[str, object]:
    same: Sequence[str] = (
        "id", "url", "description", "channel", "jurisdiction", "types", "divisions", "categories", "channels",
        "created_by", "created_at", "delivered_at", "failing_since", "disabled_at", "disabled_for",
    )  # fmt: skip
    en, zh = notices(row)
    return {name: getattr(row, name) for name in same} | {
        "state": state_of(row),
        "notice": en,
        "notice_zh": zh,
        "previous_secret_until": row.previous_until,
        "waiting": waiting.deliveries,
        "oldest_waiting_at": waiting.oldest,
    }
