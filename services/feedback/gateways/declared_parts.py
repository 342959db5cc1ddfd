"""Defines the parts that the declarations of all gateways have in common."""

import re
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, model_validator

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


def check_places(texts: Any) -> None:
    """Raise `ValueError` if a text has a place for which there is no value."""
    if wrong := sorted(unknown_places(texts)):
        raise ValueError(f"there is no value for {', '.join(f'{{{name}}}' for name in wrong)}")


class DeclaredModel(BaseModel):
    """The base of every part of the file: an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class Approved(DeclaredModel):
    """An approved template: its id at the operator, and the variables that it takes."""

    id: str
    variables: Mapping[str, str] = {}

    @model_validator(mode="after")
    def _has_known_places(self) -> "Approved":
        check_places(self.variables)
        return self


class DeclaredGateway(DeclaredModel):
    """The fields of every gateway. `at_once` is how many messages may be in its hands at the same time, `timeout` the
    seconds to wait for an answer."""

    at_once: Annotated[int, Field(ge=1, le=500)] = 32
    timeout: Annotated[float, Field(gt=0, le=45)] = 10.0


class Reports(DeclaredModel):
    """How delivery reports come in at `/inbound/reports/NAME`: the names of their parameters, and what they say.

    `key` is asked of whoever reports, as the parameter `key` or the header `X-API-Key`; while it is being changed,
    `previous_key` is taken too. A report names the message by our id, or by the reference that the gateway gave it.
    """

    key: Annotated[SecretStr, Field(min_length=16)]
    previous_key: Annotated[SecretStr, Field(min_length=16)] | None = None
    id: str = ""
    reference: str = ""
    state: str = "state"
    cause: str = ""
    delivered: tuple[str, ...]
    failed: tuple[str, ...]
    accepted: tuple[str, ...] = ()
    answer: str = "OK"

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys with which reports are accepted."""
        return tuple(key.get_secret_value() for key in (self.key, self.previous_key) if key)

    @model_validator(mode="after")
    def _names_the_message(self) -> "Reports":
        if not (self.id or self.reference):
            raise ValueError("name the parameter that has our id (`id`) or the gateway's own (`reference`)")
        return self


class TextMessages(DeclaredGateway):
    """The fields of every gateway for text messages."""

    signature: Annotated[str, Field(pattern=r"^(【[^】]+】)?$")] = ""
    """The approved signature, such as 【呼应】, which stands before the text."""
    links: bool = True
    """Whether a text may hold a link. If not, a notice with a link needs an approved template."""
    templates: Mapping[Notice, Approved] = {}
    templates_only: bool = False
    variable_length: Annotated[int, Field(ge=4, le=500)] = 60
    reports: Reports | None = None
