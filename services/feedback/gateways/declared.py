"""Gateways as data: the file that `HUYING_GATEWAYS` names, checked as a whole before the process starts."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import yaml
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    JsonValue,
    SecretStr,
    ValidationError,
    model_validator,
)

from services.feedback.gateways.recipients import ContactMethod
from services.feedback.gateways.rendering import unknown_places
from shared.jurisdiction.notices import Notice

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,39}$")]


def _pattern(words: str) -> str:
    try:
        re.compile(words)
    except re.error as fault:
        raise ValueError(f"is no regular expression: {fault}") from None
    return words


Pattern = Annotated[str, AfterValidator(_pattern)]


class Part(BaseModel):
    """Every part of the file: a key that is not known is a mistake."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class Approved(Part):
    """A template that the operator has approved: its id there, and the variables that it takes."""

    id: str
    variables: Mapping[str, str] = {}

    @model_validator(mode="after")
    def _has_known_places(self) -> "Approved":
        _check_places(self.variables)
        return self


class Gateway(Part):
    """What every gateway has. `at_once`: how many messages may be in its hands; `timeout`: seconds for an answer."""

    at_once: Annotated[int, Field(ge=1, le=500)] = 32
    timeout: Annotated[float, Field(gt=0, le=45)] = 10.0


class Rule(Part):
    """How an answer is read: every condition that is given must hold; the first rule that does is taken.

    `sent`: it has the message. `refused`: never this one. `again`: this one later. `later`: nothing from anybody now.
    `reference` finds how the gateway calls the message, as the first group of a regular expression.
    """

    outcome: Literal["sent", "refused", "again", "later", "unknown"]
    status: tuple[int, ...] = ()
    body: Pattern = ""
    reference: Pattern = ""


class Signature(Part):
    """How a request is signed: `over` is filled as everything else, and `{sign}` then stands for the result."""

    over: str
    algorithm: Literal["md5", "sha1", "sha256", "hmac-sha1", "hmac-sha256"]
    secret: SecretStr = SecretStr("")
    encoding: Literal["hex", "base64"] = "hex"

    @model_validator(mode="after")
    def _has_known_places(self) -> "Signature":
        _check_places(self.over)
        return self


class Reports(Part):
    """How delivery reports come in at `/inbound/reports/NAME`: the names of their parameters, and what they say.

    `key` is asked of whoever reports, as the parameter `key` or the header `X-API-Key`. A report names the message by
    our id, or by the reference that the gateway answered with.
    """

    key: Annotated[SecretStr, Field(min_length=16)]
    id: str = ""
    reference: str = ""
    state: str = "state"
    cause: str = ""
    delivered: tuple[str, ...]
    failed: tuple[str, ...]
    accepted: tuple[str, ...] = ()
    answer: str = "OK"

    @model_validator(mode="after")
    def _names_the_message(self) -> "Reports":
        if not (self.id or self.reference):
            raise ValueError("name the parameter that has our id (`id`) or the gateway's own (`reference`)")
        return self


class HttpSms(Gateway):
    """Text messages by HTTP. Every text may have places: `{to}`, `{text}`, `{id}`, and those of `rendering.py`."""

    kind: Literal["http-sms"]
    url: Annotated[str, Field(pattern=r"^https?://")]
    method: Literal["GET", "POST"] = "POST"
    headers: Mapping[str, str] = {}
    query: Mapping[str, str] = {}
    form: Mapping[str, str] = {}
    json_body: Annotated[JsonValue, Field(alias="json")] = None
    signature: Annotated[str, Field(pattern=r"^(【[^】]+】)?$")] = ""
    """The approved signature, such as 【呼应】, which goes before the words."""
    links: bool = True
    """Whether words may hold a link. Where not, a notice with a link needs an approved template."""
    templates: Mapping[Notice, Approved] = {}
    templates_only: bool = False
    variable_length: Annotated[int, Field(ge=4, le=500)] = 60
    sign: Signature | None = None
    answers: tuple[Rule, ...] = ()
    reports: Reports | None = None

    @model_validator(mode="after")
    def _has_known_places(self) -> "HttpSms":
        _check_places([self.url, self.headers, self.query, self.form, self.json_body])
        if self.form and self.json_body is not None:
            raise ValueError("give `form` or `json`, not both")
        return self


class Smtp(Gateway):
    """Letters by SMTP. DKIM is the relay's."""

    kind: Literal["smtp"]
    host: str
    port: Annotated[int, Field(ge=1, le=65535)] = 587
    security: Literal["starttls", "tls", "none"] = "starttls"
    username: str = ""
    password: SecretStr = SecretStr("")
    sender: Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+$")]
    sender_name: str = "呼应"
    subject: str = "诉求{number}的进展"
    ca_file: Path | None = None
    at_once: Annotated[int, Field(ge=1, le=500)] = 4

    @model_validator(mode="after")
    def _has_known_places(self) -> "Smtp":
        _check_places(self.subject)
        return self


class WeChat(Gateway):
    """Template messages of an official account (公众号模板消息), or long-term subscription messages (订阅通知)."""

    kind: Literal["wechat"]
    app_id: str
    secret: SecretStr
    message: Literal["template", "subscription"] = "template"
    templates: Mapping[Notice, Approved]
    url: Annotated[str, Field(pattern=r"^https?://")] = "https://api.weixin.qq.com"


Declared = Annotated[HttpSms | Smtp | WeChat, Field(discriminator="kind")]


class Gateways(Part):
    """The gateways by name, and which one reaches whom: `phone`, `wechat`, `email`."""

    gateways: Mapping[Name, Declared]
    use: Mapping[ContactMethod, Name]

    @model_validator(mode="after")
    def _are_known(self) -> "Gateways":
        for means, name in self.use.items():
            gateway = self.gateways.get(name)
            if gateway is None:
                known = ", ".join(self.gateways) or "none"
                raise ValueError(f"use.{means}: there is no gateway {name!r}; known: {known}")
            if (reached := _REACHES[gateway.kind]) is not means:
                raise ValueError(f"use.{means}: {name!r} is of the kind {gateway.kind}, which is for {reached}")
        return self


_REACHES: Final[Mapping[str, ContactMethod]] = {
    "http-sms": ContactMethod.PHONE, "smtp": ContactMethod.EMAIL, "wechat": ContactMethod.WECHAT,
}  # fmt: skip


def _check_places(texts: Any) -> None:
    if wrong := sorted(unknown_places(texts)):
        raise ValueError(f"there is no value for {', '.join(f'{{{name}}}' for name in wrong)}")


def declared(path: Path) -> Gateways:
    """The gateways of a file; raises `ValueError` with a line for each mistake."""
    try:
        return Gateways.model_validate(yaml.safe_load(path.read_text("utf-8")))
    except (OSError, yaml.YAMLError, UnicodeDecodeError) as fault:
        raise ValueError(f"{path} cannot be read: {fault}") from None
    except ValidationError as fault:
        wrong = (f"{'.'.join(map(str, error['loc']))}: {error['msg']}" for error in fault.errors())
        raise ValueError(f"{path}: {'; '.join(wrong)}") from None
