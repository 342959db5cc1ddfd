"""Defines the forms that other systems post: a new request, and FixMyStreet's update of one."""

import re
from collections.abc import Mapping
from typing import Annotated, Any, Final, Self, TypeVar

from fastapi import Request
from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    WithJsonSchema,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from services.intake.open311.errors import misfit_of
from services.intake.open311.fields import FORMS, Item, posted
from services.intake.open311.statuses import FixMyStreet
from shared.contracts.moment import WRITTEN
from shared.contracts.text import Text
from shared.contracts.wording import Identifier, Inner, Plain, Sealed

LINKS: Final = ("media_url", "media_url[]")
_ATTRIBUTE: Final = re.compile(r"^attribute\[([^\[\]]+)\](?:\[\])?$")


def _link(url: str) -> str:
    if url.startswith(("https://", "http://")) and not re.search(r"\s", url):
        return url
    raise PydanticCustomError("no_link", "is an http or https address", {"zh": "应为 http 或 https 链接"})


Link = Annotated[
    Text,
    Field(max_length=2000),
    AfterValidator(_link),
    Sealed("the vault keeps where a picture is; it may name somebody"),
]
Short = Annotated[Text, Field(max_length=128), Identifier("looked up here")]
CONTACT: Final = Sealed("the contact of the demand that it becomes")
Form = TypeVar("Form", bound=BaseModel)


class Posted(BaseModel):
    """The fields of both forms."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    api_key: Annotated[str, Field(max_length=200), Sealed("who asks; kept nowhere")] = ""
    jurisdiction_id: Annotated[str | None, Field(max_length=64), Identifier("looked up here")] = None
    media_url: Annotated[tuple[Link, ...], Field(max_length=10)] = ()
    files: Annotated[
        tuple[bytes, ...], Field(description="every file of the form, whatever its field is called; multipart only")
    ] = ()


class NewRequest(Posted):
    """`POST requests`; attributes that the service does not define are ignored."""

    service_code: Short
    lat: Annotated[float | None, Field(ge=-90, le=90, allow_inf_nan=False)] = None
    long: Annotated[float | None, Field(ge=-180, le=180, allow_inf_nan=False)] = None
    address_string: Annotated[Text, Field(max_length=300), CONTACT] = ""
    address_id: Short = ""
    description: Annotated[Text, Field(max_length=4000), Inner("the text of the demand that it becomes")] = ""
    first_name: Annotated[Text, Field(max_length=50), CONTACT] = ""
    last_name: Annotated[Text, Field(max_length=49), CONTACT] = ""
    email: Annotated[Text, Field(max_length=254), CONTACT] = ""
    phone: Annotated[Text, Field(max_length=32), CONTACT] = ""
    attributes: Annotated[
        dict[str, str],
        Field(alias="attribute", description="attribute[code]=value"),
        Identifier("those that the service defines are looked up, the others ignored"),
    ] = {}

    @model_validator(mode="after")
    def _whole_point(self) -> Self:
        if (self.lat is None) == (self.long is None):
            return self
        context = {"field": "long" if self.long is None else "lat", "zh": "lat 与 long 应同时提供"}
        raise PydanticCustomError("half_a_point", "lat and long go together", context)


class NewUpdate(Posted):
    """`POST servicerequestupdates`; personal data of the author is not kept."""

    service_request_id: Short
    update_id: Annotated[
        Text, Field(min_length=1, max_length=128), Plain("the row keeps it to know a repetition; no fact tells it")
    ]
    status: Annotated[FixMyStreet, WithJsonSchema({"enum": [state.upper() for state in FixMyStreet]})]
    updated_datetime: Annotated[AwareDatetime, WRITTEN]
    description: Annotated[
        Text, Field(min_length=1, max_length=3800), Inner("the text of the supplement that it becomes")
    ]

    @field_validator("status", mode="before")
    @classmethod
    def _as_fixmystreet_writes_it(cls, given: Any) -> Any:
        """In capitals as FixMyStreet sends it, in small letters as it shows it, and with blanks or hyphens."""
        return re.sub(r"[\s-]+", "_", given.strip().lower()) if isinstance(given, str) else given


def documented(kind: type[BaseModel]) -> dict[str, Any]:
    """The description of a form for OpenAPI."""
    schema = kind.model_json_schema()
    attribute = {"attribute": {"style": "deepObject", "explode": True}}
    return {"requestBody": {"content": {form: {"schema": schema, "encoding": attribute} for form in FORMS}}}


async def read(request: Request, kind: type[Form]) -> Form:
    """Parse a posted form; an empty field counts as absent. Raises `Refused`, which names every wrong field."""
    items = await posted(request)
    # A browser sends an empty file for a file field without a choice.
    files = tuple(value for _, value in items if isinstance(value, bytes) and value)
    try:
        return kind.model_validate({**_gathered(items), "files": files})
    except ValidationError as fault:
        raise misfit_of(fault) from None


def _gathered(items: list[Item]) -> Mapping[str, object]:
    fields: dict[str, object] = {}
    attributes: dict[str, str] = {}
    links: list[str] = []
    for name, value in items:
        if isinstance(value, bytes) or value == "":
            continue
        if attribute := _ATTRIBUTE.match(name):
            attributes[attribute[1]] = value
        elif name in LINKS:
            links.append(value)
        else:
            fields[name] = value
    return fields | {"attribute": attributes, "media_url": tuple(links)}
