"""The HTTP routes from which front ends fill their menus: divisions, categories and kinds of demands of every
jurisdiction."""

import hashlib
from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import APIRouter, Header, Path, Response
from pydantic import BaseModel, ConfigDict, Field

from services.intake.examples import MENU
from shared.contracts.demand.facts import RequestKind
from shared.contracts.examples import with_examples
from shared.contracts.refusals import Code, FieldError, Refused
from shared.jurisdiction.jurisdictions import Jurisdictions
from shared.jurisdiction.pack import Pack

KINDS: Final = {
    RequestKind.CONSULT: ("咨询", "Question"),
    RequestKind.HELP: ("求助", "Help"),
    RequestKind.SUGGESTION: ("建议", "Suggestion"),
    RequestKind.COMPLAINT: ("投诉", "Complaint"),
    RequestKind.REPORT: ("举报", "Report of a wrong"),
}
FRESH: Final = "public, max-age=300"
Known = Annotated[str, Header(alias="If-None-Match", max_length=1000, description="the ETag that is known already")]
Id = Annotated[str, Path(max_length=64, examples=["nanhai"])]


class Place(BaseModel):
    """A division; its code goes into a demand's `division`."""

    code: str = Field(examples=["440605126222"])
    name: str
    level: str = Field(examples=["village"])
    parent: str | None


class Subject(BaseModel):
    """A category; its code goes into a demand's `category`."""

    code: str = Field(examples=["school-transport"])
    name: str
    name_en: str
    parent: str | None


class Kind(BaseModel):
    """What the citizen wants; goes into a demand's `kind`."""

    code: RequestKind
    name: str
    name_en: str


class Jurisdiction(BaseModel):
    """All that can be chosen in one jurisdiction; parents come before what belongs to them."""

    model_config = ConfigDict(json_schema_extra=with_examples(MENU))

    id: str = Field(examples=["nanhai"])
    name: str
    name_en: str
    divisions: list[Place]
    categories: list[Subject]
    kinds: list[Kind]


class Everywhere(BaseModel):
    """Every jurisdiction served here; the first is the default."""

    model_config = ConfigDict(json_schema_extra=with_examples({"jurisdictions": [MENU]}))

    jurisdictions: list[Jurisdiction]


@dataclass(frozen=True, slots=True)
class Menu:
    """An answer that changes only with the packs, so it is made once."""

    body: bytes
    etag: str

    @classmethod
    def of(cls, content: BaseModel) -> "Menu":
        """The menu with its entity tag."""
        body = content.model_dump_json().encode()
        return cls(body, f'"{hashlib.sha256(body).hexdigest()[:32]}"')

    def answer(self, known: str) -> Response:
        """The menu, or 304 if the client has it already."""
        headers = {"ETag": self.etag, "Cache-Control": FRESH}
        names = {name.strip().removeprefix("W/") for name in known.split(",")}
        if names & {self.etag, "*"}:
            return Response(status_code=304, headers=headers)
        return Response(self.body, media_type="application/json", headers=headers)


def routes(packs: Jurisdictions) -> APIRouter:
    """The two routes; they need no credential."""
    router = APIRouter(tags=["intake"], prefix="/v1/jurisdictions", responses={304: {"description": "Known already"}})
    menus = {pack.id: _jurisdiction(pack) for pack in packs}
    every = Menu.of(Everywhere(jurisdictions=list(menus.values())))
    each = {id: Menu.of(menu) for id, menu in menus.items()}

    @router.get("", response_model=Everywhere)
    async def list_jurisdictions(known: Known = "") -> Response:
        """Every jurisdiction with its places, categories and kinds of request."""
        return every.answer(known)

    @router.get("/{id}", response_model=Jurisdiction)
    async def get_jurisdiction(id: Id, known: Known = "") -> Response:
        """One jurisdiction with its places, categories and kinds of request."""
        menu = each.get(id)
        if menu is None:
            among = ", ".join(each)
            error = FieldError("id", f"可选：{among}", f"one of {among}", next(iter(each), None))
            raise Refused(Code.NOT_FOUND, f"there is no jurisdiction {id!r}", f"没有辖区 {id!r}", (error,))
        return menu.answer(known)

    return router


def _jurisdiction(pack: Pack) -> Jurisdiction:
    return Jurisdiction(
        id=pack.id,
        name=pack.name.zh,
        name_en=pack.name.en,
        divisions=[Place.model_validate(place, from_attributes=True) for place in pack.divisions],
        categories=[
            Subject(code=category.code, name=category.name.zh, name_en=category.name.en, parent=category.parent)
            for category in pack.categories
        ],
        kinds=[Kind(code=kind, name=zh, name_en=en) for kind, (zh, en) in KINDS.items()],
    )
