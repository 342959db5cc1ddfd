"""Defines how gateways for text messages by HTTP and by SMPP are declared."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, JsonValue, SecretStr, model_validator

from services.feedback.gateways.declared_parts import DeclaredModel, Pattern, TextMessages, check_places


class AnswerRule(DeclaredModel):
    """How an answer is read: every condition that is given must hold; the first rule that does is taken.

    `sent`: it has the message. `refused`: never this one. `again`: this one later. `later`: nothing from anybody now.
    `reference` finds how the gateway calls the message, as the first group of a regular expression.
    """

    outcome: Literal["sent", "refused", "again", "later", "unknown"]
    status: tuple[int, ...] = ()
    body: Pattern = ""
    reference: Pattern = ""


class Signature(DeclaredModel):
    """How a request is signed: `over` is filled as everything else, and `{sign}` then stands for the result."""

    over: str
    algorithm: Literal["md5", "sha1", "sha256", "hmac-sha1", "hmac-sha256"]
    secret: SecretStr = SecretStr("")
    encoding: Literal["hex", "base64"] = "hex"

    @model_validator(mode="after")
    def _has_known_places(self) -> "Signature":
        check_places(self.over)
        return self


class HttpSms(TextMessages):
    """Text messages by HTTP. Every text may have places: `{to}`, `{text}`, `{id}`, and those of `rendering.py`."""

    kind: Literal["http-sms"]
    url: Annotated[str, Field(pattern=r"^https?://")]
    method: Literal["GET", "POST"] = "POST"
    headers: Mapping[str, str] = {}
    query: Mapping[str, str] = {}
    form: Mapping[str, str] = {}
    json_body: Annotated[JsonValue, Field(alias="json")] = None
    sign: Signature | None = None
    answers: tuple[AnswerRule, ...] = ()

    @model_validator(mode="after")
    def _has_known_places(self) -> "HttpSms":
        check_places([self.url, self.headers, self.query, self.form, self.json_body])
        if self.form and self.json_body is not None:
            raise ValueError("give `form` or `json`, not both")
        return self


class Smpp(TextMessages):
    """Text messages by SMPP 3.4: one bind, on which delivery receipts come back.

    `source` is the number that people see. `country` goes before their number, such as 86, where the centre wants it.
    `channel` is the channel of intake that what people write to `source` belongs to; without one it is refused.
    `long`: how what does not fit into one message is cut. `receipt_ids`: whether a receipt calls a message as the
    answer did, or by the decimal of its hexadecimal id. `again`, `later`, `refused`: codes of the operator's own.
    """

    kind: Literal["smpp"]
    host: str
    port: Annotated[int, Field(ge=1, le=65535)] = 2775
    security: Literal["tls", "none"] = "none"
    ca_file: Path | None = None
    bind: Literal["transceiver", "transmitter"] = "transceiver"
    system_id: Annotated[str, Field(min_length=1, max_length=15)]
    password: SecretStr = SecretStr("")
    system_type: Annotated[str, Field(max_length=12)] = ""
    source: Annotated[str, Field(max_length=20)] = ""
    source_ton: Annotated[int, Field(ge=0, le=6)] = 0
    source_npi: Annotated[int, Field(ge=0, le=18)] = 1
    channel: Annotated[str, Field(max_length=100, pattern=r"^[\w.-]*$")] = ""
    country: Annotated[str, Field(pattern=r"^[0-9]{0,3}$")] = ""
    to_ton: Annotated[int, Field(ge=0, le=6)] = 1
    to_npi: Annotated[int, Field(ge=0, le=18)] = 1
    long: Literal["udh", "sar", "payload"] = "udh"
    receipts: bool = True
    receipt_ids: Literal["same", "decimal"] = "same"
    enquire_every: Annotated[float, Field(gt=0, le=600)] = 30.0
    again: tuple[int, ...] = ()
    later: tuple[int, ...] = ()
    refused: tuple[int, ...] = ()

    @model_validator(mode="after")
    def _can_be_bound(self) -> "Smpp":
        if len(self.password.get_secret_value()) > _LONGEST_PASSWORD:
            raise ValueError(f"`password`: SMPP takes {_LONGEST_PASSWORD} characters at most")
        if self.channel and self.bind != "transceiver":
            raise ValueError("`channel`: messages from citizens need a transceiver; remove `bind: transmitter`")
        if self.reports:
            raise ValueError("`reports`: remove it; SMPP sends receipts on the connection itself")
        if self.templates or self.templates_only:
            raise ValueError("`templates`: remove them; SMPP sends plain text, without templates")
        return self


_LONGEST_PASSWORD = 8
