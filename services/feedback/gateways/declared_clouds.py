"""Defines how the text message services of Aliyun and Tencent Cloud are declared (阿里云短信、腾讯云短信)."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field, SecretStr, model_validator

from services.feedback.gateways.declared_parts import Approved, TextMessages
from shared.jurisdiction.notices import Notice

_LINKS = ("{url}", "{rating_url}")


class CloudSms(TextMessages):
    """What both ask: an approved signature, an approved template for each notice, variables that hold no link."""

    signature: Annotated[str, Field(pattern=r"^【[^】]+】$")]
    templates: Annotated[Mapping[Notice, Approved], Field(min_length=1)]
    templates_only: Literal[True] = True
    links: bool = False
    """Whether a variable may hold a whole link: only if the operator has agreed to it in writing."""
    variable_length: Annotated[int, Field(ge=4, le=500)] = 35
    secret: SecretStr

    @model_validator(mode="after")
    def _has_no_links(self) -> "CloudSms":
        for notice, approved in self.templates.items():
            for name, text in approved.variables.items():
                if not self.links and any(link in text for link in _LINKS):
                    raise ValueError(
                        f"templates.{notice}: the variable {name!r} is a whole link, which is refused; let the template"
                        " hold the address and the variable {url_path}, or set `links: true`"
                    )
        return self


class Aliyun(CloudSms):
    """SendSms of 阿里云短信服务, version 2017-05-25. `secret` is that of the access key `key_id`."""

    kind: Literal["aliyun-sms"]
    key_id: str
    url: Annotated[str, Field(pattern=r"^https?://")] = "https://dysmsapi.aliyuncs.com"


class Tencent(CloudSms):
    """SendSms of 腾讯云短信, version 2021-01-11. `secret` is that of `secret_id`; variables go in their order."""

    kind: Literal["tencent-sms"]
    secret_id: str
    app_id: str
    region: str = "ap-guangzhou"
    url: Annotated[str, Field(pattern=r"^https?://")] = "https://sms.tencentcloudapi.com"
