"""Lists the Open311 services: the leaf categories of a jurisdiction pack, with their attributes."""

from collections.abc import Mapping, Sequence
from typing import Final

from services.intake.open311.documents import Attribute, Service, ServiceDefinition, Value
from services.intake.open311.errors import invalid, unknown
from services.intake.tracking.names import address, name
from shared.contracts.demand.facts import RequestKind
from shared.contracts.refusals import FieldError
from shared.jurisdiction.jurisdictions import Jurisdictions
from shared.jurisdiction.pack import Pack
from shared.jurisdiction.parts import Category, Text
from shared.jurisdiction.publication import PublicPart

DIVISION: Final = "division"
KIND: Final = "kind"
KINDS: Final[Mapping[RequestKind, Text]] = {
    RequestKind.CONSULT: Text(zh="咨询", en="Question"),
    RequestKind.HELP: Text(zh="求助", en="Help"),
    RequestKind.SUGGESTION: Text(zh="建议", en="Suggestion"),
    RequestKind.COMPLAINT: Text(zh="投诉", en="Complaint"),
    RequestKind.REPORT: Text(zh="举报", en="Report of an offence"),
}


def jurisdiction(packs: Jurisdictions, jurisdiction_id: str | None) -> Pack:
    """The pack of the request; raises `Refused` if several are served and none or an unknown one is named."""
    if len(packs) == 1:
        return next(iter(packs))
    ids, first = ", ".join(pack.id for pack in packs), next(iter(packs)).id
    if not jurisdiction_id:
        raise invalid(FieldError("jurisdiction_id", f"缺少，可选：{ids}", f"is missing; one of: {ids}", first))
    pack = packs.get(jurisdiction_id)
    if pack is None:
        raise unknown("jurisdiction_id", jurisdiction_id, ids)
    return pack


def category(pack: Pack, service_code: str) -> Category:
    """The leaf category with this code; raises `Refused` if there is none."""
    category = pack.category(service_code)
    if category is None or category not in pack.leaf_categories:
        raise unknown("service_code", service_code, pack.leaf_categories[0].code)
    return category


def check_filter(pack: Pack, codes: Sequence[str]) -> None:
    """Raise `Refused` for a filter by an unknown category, or if the public may not see categories."""
    for code in codes:
        category(pack, code)
    if codes and PublicPart.CATEGORY not in pack.publication.unreleased:
        en = f"cannot be a filter here, because {pack.id} does not publish the category of demands; leave it out"
        raise invalid(FieldError("service_code", "本辖区不公开诉求的类别，请去掉此参数", en))


def services(pack: Pack) -> list[Service]:
    """All services of a jurisdiction."""
    return [_service(pack, leaf) for leaf in pack.leaf_categories]


def _service(pack: Pack, leaf: Category) -> Service:
    group = pack.category(leaf.parent) if leaf.parent else None
    return Service(
        service_code=leaf.code,
        service_name=name(pack, leaf.name),
        description=_both(leaf.name),
        metadata=True,
        type="realtime",
        keywords=",".join(leaf.keywords) or None,
        group=name(pack, group.name) if group else None,
    )


def definition(pack: Pack, leaf: Category) -> ServiceDefinition:
    """The attributes of a service."""
    return ServiceDefinition(service_code=leaf.code, attributes=(_division(pack), _kind(leaf)))


def _division(pack: Pack) -> Attribute:
    # The pack has no boundaries, so a demand with only a point or an address goes to a dispatcher.
    return Attribute(
        variable=True,
        code=DIVISION,
        datatype="singlevaluelist",
        required=False,
        datatype_description=None,
        order=1,
        description="事项所在地（有坐标或地址时可不填） / Where the matter is; not needed with a point or an address",
        values=tuple(Value(key=place.code, name=address(pack, place.code)) for place in pack.divisions),
    )


def _kind(leaf: Category) -> Attribute:
    usual = _both(KINDS[leaf.kind or RequestKind.HELP])
    return Attribute(
        variable=True,
        code=KIND,
        datatype="singlevaluelist",
        required=False,
        datatype_description=None,
        order=2,
        description=f"诉求类型，未选则为：{usual} / What is wanted; {usual} when nothing is chosen",
        values=tuple(Value(key=kind, name=_both(text)) for kind, text in KINDS.items()),
    )


def _both(text: Text) -> str:
    return f"{text.zh} / {text.en}"
