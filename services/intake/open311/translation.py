"""Translates a posted request to the command that a channel would submit."""

from typing import Final

from pydantic import ValidationError

from services.intake.open311.errors import invalid, misfit_of
from services.intake.open311.forms import NewRequest
from services.intake.open311.services import DIVISION, KIND
from services.intake.submission.domain import SubmitDemand
from services.intake.tracking.names import name
from services.intake.vault.contact import Contact
from shared.contracts.demand.facts import Location, RequestKind
from shared.contracts.refusals import FieldError
from shared.jurisdiction.pack import Pack
from shared.jurisdiction.parts import Category

TITLE: Final = 200


def demand_of(pack: Pack, leaf: Category, posted: NewRequest, first_line: str) -> SubmitDemand:
    """The command; raises `Refused` for an unknown place or kind.

    `first_line` is the masked first line of the description, which is cut to be the title: it is masked first, so that
    no half of a telephone number is left.
    """
    point = Location(lat=posted.lat, lon=posted.long) if posted.lat is not None and posted.long is not None else None
    division = _division(pack, posted)
    try:
        return SubmitDemand(
            title=first_line[:TITLE].strip() or name(pack, leaf.name),
            text=posted.description,
            division=division,
            # Set only if it is needed, so that a repeated request equals one that was sent before this field existed.
            jurisdiction=None if division else pack.id,
            category=leaf.code,
            kind=_kind(leaf, posted),
            location=point,
            contact=_contact(posted),
        )
    except ValidationError as fault:
        raise misfit_of(fault) from None


def _division(pack: Pack, posted: NewRequest) -> str | None:
    code = posted.attributes.get(DIVISION) or posted.address_id
    if pack.division(code):
        return code
    if not code and (posted.lat is not None or posted.address_string):
        return None
    where, example = f"attribute[{DIVISION}]", f"attribute[{DIVISION}]={pack.divisions[-1].code}"
    if code:
        raise invalid(FieldError(where, f"没有区划 {code!r}", f"there is no division {code!r}", example))
    zh = "缺少地点：请提供 lat 与 long、address_string，或服务定义所列的区划代码（也可填在 address_id）"
    en = "no place: send lat and long, address_string, or one of the codes that the service definition lists, here or"
    raise invalid(FieldError(where, zh, f"{en} as address_id", example))


def _kind(leaf: Category, posted: NewRequest) -> RequestKind:
    kind = posted.attributes.get(KIND)
    if kind is None:
        return leaf.kind or RequestKind.HELP
    if kind in set(RequestKind):
        return RequestKind(kind)
    choices = ", ".join(RequestKind)
    raise invalid(
        FieldError(f"attribute[{KIND}]", f"应为其中之一：{choices}", f"is one of: {choices}", RequestKind.HELP)
    )


def _contact(posted: NewRequest) -> Contact | None:
    full_name = f"{posted.last_name} {posted.first_name}".strip()
    contact = Contact(name=full_name, phone=posted.phone, email=posted.email, address=posted.address_string)
    return contact if contact != Contact() else None
