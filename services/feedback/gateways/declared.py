"""Defines the file that `HUYING_GATEWAYS` names, and checks it as a whole before the process starts."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final, Literal

import yaml
from pydantic import Field, SecretStr, ValidationError, model_validator

from services.feedback.gateways.declared_clouds import Aliyun, Tencent
from services.feedback.gateways.declared_parts import Approved, DeclaredGateway, DeclaredModel, Name, check_places
from services.feedback.gateways.declared_sms import HttpSms, Smpp
from services.feedback.gateways.recipients import ContactMethod
from shared.jurisdiction.notices import Notice


class Smtp(DeclaredGateway):
    """E-mails by SMTP. The relay signs them with DKIM."""

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
        check_places(self.subject)
        return self


class WeChat(DeclaredGateway):
    """Template messages of an official account (公众号模板消息), or long-term subscription messages (订阅通知)."""

    kind: Literal["wechat"]
    app_id: str
    secret: SecretStr
    message: Literal["template", "subscription"] = "template"
    templates: Mapping[Notice, Approved]
    url: Annotated[str, Field(pattern=r"^https?://")] = "https://api.weixin.qq.com"


Declared = Annotated[HttpSms | Smpp | Aliyun | Tencent | Smtp | WeChat, Field(discriminator="kind")]


class Gateways(DeclaredModel):
    """The gateways by name, and which one reaches whom: `phone`, `wechat`, `email`."""

    gateways: Mapping[Name, Declared]
    use: Mapping[ContactMethod, Name]

    @model_validator(mode="after")
    def _are_known(self) -> "Gateways":
        for means, name in self.use.items():
            gateway = self.gateways.get(name)
            if gateway is None:
                names = ", ".join(self.gateways) or "none"
                raise ValueError(f"use.{means}: there is no gateway {name!r}; known: {names}")
            if (reached := _REACHES[gateway.kind]) is not means:
                raise ValueError(f"use.{means}: {name!r} is of the kind {gateway.kind}, which is for {reached}")
        return self


_REACHES: Final[Mapping[str, ContactMethod]] = {
    "http-sms": ContactMethod.PHONE, "smpp": ContactMethod.PHONE,
    "aliyun-sms": ContactMethod.PHONE, "tencent-sms": ContactMethod.PHONE,
    "smtp": ContactMethod.EMAIL, "wechat": ContactMethod.WECHAT,
}  # fmt: skip


def declared(path: Path) -> Gateways:
    """The gateways of a file; raises `ValueError` with a line for each mistake."""
    try:
        return Gateways.model_validate(yaml.safe_load(path.read_text("utf-8")))
    except (OSError, yaml.YAMLError, UnicodeDecodeError) as fault:
        raise ValueError(f"{path} cannot be read: {fault}") from None
    except ValidationError as fault:
        wrong = (f"{'.'.join(map(str, error['loc']))}: {error['msg']}" for error in fault.errors())
        raise ValueError(f"{path}: {'; '.join(wrong)}") from None
