"""The contact of a citizen, which is stored only in the vault and never published."""

from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field

from shared.contracts.text import Text
from shared.contracts.wording import Sealed

CONTACT: Final = Sealed("the vault keeps it; facts have a reference")


class Contact(BaseModel):
    """How to reach the citizen; kept in the vault, never published."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    name: Annotated[Text, Field(max_length=100, examples=["陈先生"]), CONTACT] = ""
    phone: Annotated[Text, Field(max_length=32, examples=["13800138000"]), CONTACT] = ""
    email: Annotated[Text, Field(max_length=254, examples=["chen@example.org"]), CONTACT] = ""
    address: Annotated[Text, Field(max_length=300, examples=["狮山镇北园中路 1 号"]), CONTACT] = ""
    wechat: Annotated[
        Text,
        Field(max_length=64, description="the openid at the official account", examples=["o-A1b2C3d4E5f6"]),
        CONTACT,
    ] = ""
