"""The commands about webhooks; every part of them is validated before anything is done."""

from typing import Annotated, Any, Final
from urllib.parse import urlsplit
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from services.feedback.webhooks.projection import TYPES
from shared.contracts.examples import CATEGORY, DIVISION, with_examples
from shared.contracts.moment import WRITTEN, Moment
from shared.contracts.text import Text
from shared.contracts.wording import Identifier, Plain

URL: Final = "https://partner.example.gov.cn/hooks/huying"
EVENT: Final = "8f0d6d4b-5c0f-5b8a-9d53-0a8f9b4d8f11"
_URL_EN: Final = (
    "write an address such as https://partner.example.gov.cn/hooks, without a name, a password or a fragment"
)
_URL_ZH: Final = "请填写形如 https://partner.example.gov.cn/hooks 的地址，不带用户名、密码和片段"
_OWN: Final = Plain("written by whoever made the webhook, of their own system")


def _endpoint(text: str) -> str:
    try:
        parts = urlsplit(text)
        fits = parts.scheme in ("https", "http") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        fits = False
    if not fits or "@" in parts.netloc or parts.fragment or not text.isascii() or not text.isprintable() or " " in text:
        raise PydanticCustomError("endpoint_url", _URL_EN, {"zh": _URL_ZH})
    return text


def _event_type(text: str) -> str:
    """An event type without its version, so that later versions are sent too."""
    base = text.rpartition(".v")[0] if text.rpartition(".v")[2].isdigit() else text
    if base not in TYPES:
        known = ", ".join(sorted(TYPES))
        words = {"type": text, "known": known, "zh": f"没有事件类型 {text}，可用：{known}"}
        raise PydanticCustomError("event_type", "there is no type {type}; there are {known}", words)
    return base


EndpointUrl = Annotated[
    Text, Field(max_length=2000, examples=[URL]), AfterValidator(_endpoint), Identifier("an address of another system")
]
EventType = Annotated[
    Text, Field(max_length=64, examples=["demand.resolved"]), AfterValidator(_event_type), Identifier("a type of event")
]
Division = Annotated[Text, Field(min_length=1, max_length=64), Identifier("a division")]
Category = Annotated[Text, Field(min_length=1, max_length=64), Identifier("a category")]
ChannelId = Annotated[Text, Field(min_length=1, max_length=64), Identifier("a channel")]
Description = Annotated[Text, Field(max_length=200), _OWN]
_FILTER: Final[dict[str, Any]] = {"min_length": 1, "max_length": 100}
Types = Annotated[tuple[EventType, ...], Field(**_FILTER)] | None
Divisions = Annotated[tuple[Division, ...], Field(**_FILTER)] | None
Categories = Annotated[tuple[Category, ...], Field(**_FILTER)] | None
Channels = Annotated[tuple[ChannelId, ...], Field(**_FILTER)] | None


class CreateWebhook(BaseModel):
    """Where events go, and which: what a filter does not name is not sent, and a filter that is absent names all."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra=with_examples(
            {"url": URL, "description": "小程序后台", "types": ["demand.resolved", "demand.closed"]},
            {"url": URL, "divisions": [DIVISION], "categories": [CATEGORY]},
        ),
    )

    url: EndpointUrl
    description: Description = ""
    types: Types = Field(None, description="types of events, such as `demand.resolved`")
    divisions: Divisions = Field(None, description="codes of divisions; each stands for all below it too")
    categories: Categories = Field(None, description="codes of categories; each stands for all below it too")
    channels: Channels = Field(None, description="channels that took the demand in; for a jurisdiction's webhooks")


class ChangeWebhook(BaseModel):
    """What is to be another; what is absent stays as it is, and a filter that is null names all from now on."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra=with_examples({"types": None, "description": "小程序后台（新）"}, {"enabled": True}),
    )

    url: EndpointUrl | None = None
    description: Description | None = None
    types: Types = None
    divisions: Divisions = None
    categories: Categories = None
    channels: Channels = None
    enabled: bool | None = Field(
        None, description="false: nothing is sent until it is true again; then what waits is sent in order"
    )


class RotateSecret(BaseModel):
    """For how long both secrets sign."""

    model_config = ConfigDict(extra="forbid", frozen=True, json_schema_extra=with_examples({"hours": 24}))

    hours: int = Field(24, ge=0, le=30 * 24, description="0: the present secret signs nothing any more")


class Redeliver(BaseModel):
    """What is to be sent again: one event, or whatever happened in a span of time and is in the log."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra=with_examples({"since": "2021-05-18T00:00:00Z", "only_failed": True}, {"event": EVENT}),
    )

    event: UUID | None = None
    since: Annotated[Moment, WRITTEN] | None = Field(None, description="by the time of the events")
    until: Annotated[Moment, WRITTEN] | None = Field(None, description="before this moment; absent: until now")
    only_failed: bool = Field(False, description="those that were given up, and none that was delivered")

    @model_validator(mode="after")
    def _names_one(self) -> "Redeliver":
        if (self.event is None) is (self.since is None):
            words = {"zh": "请填写 event（一个事件）或 since（一段时间），二者选一"}
            raise PydanticCustomError("redelivery", "name either `event` or `since`", words)
        return self
