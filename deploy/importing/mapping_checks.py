"""Checks a parsed mapping: names of values, templates, encodings and formats of times."""

from collections.abc import Iterator, Set
from datetime import datetime
from string import Formatter
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from deploy.importing.mapping import MappedStep, MappedValue, Mapping
from deploy.importing.readers.encoding import AUTO
from services.intake.submission.domain import RecordedDemand
from services.intake.vault.contact import Contact
from shared.contracts.demand.facts import DemandSubmitted
from shared.contracts.event_types import RECORDED
from shared.jurisdiction.documents import Loc

CONTACT: Final = "contact."
TAKEN: Final = frozenset(RecordedDemand.model_fields) - {"location", "contact", "occurred_at", "history"}
_KNOWN: Final = TAKEN | {CONTACT + name for name in Contact.model_fields} | {"lat", "lon"}
_NEEDED: Final = ("external_id", "title", "division", "channel_kind", "via")
_SOME_TIME: Final = datetime(2021, 3, 4, 5, 6, 7)
Mistake = tuple[Loc, str]


def mistakes(mapping: Mapping) -> Iterator[Mistake]:
    """All mistakes of a mapping, each with its location in the document."""
    yield from _encoding(mapping)
    yield from _times(mapping)
    for name in _NEEDED:
        if name not in mapping.values:
            yield ("values",), f"{name} is missing; add it"
    if mapping.status is None and len(mapping.histories) > 1:
        yield ("histories",), "status is missing; name its column, or declare one history, which is that of every row"
    used_names = set[str]()
    for status, history in mapping.histories.items():
        for n, step in enumerate(history):
            yield from _step(("histories", status, n), step, mapping.values.keys())
            used_names |= {name for text in texts(step).values() for name in names_in(text)}
    for name, value in mapping.values.items():
        if name not in _KNOWN | used_names:
            yield ("values", name), f"{name} is neither a field of a demand nor used by a step; remove it or mend it"
        yield from _value(("values", name), name, value)


def texts(step: MappedStep) -> dict[str, str]:
    """The parts of a step's data that may name values."""
    return {key: text for key, text in step.data.items() if isinstance(text, str)}


def names_in(template: str) -> frozenset[str]:
    """The names in the braces of a template; empty if its syntax is wrong."""
    try:
        return frozenset(name for _, name, _, _ in Formatter().parse(template) if name is not None)
    except ValueError:
        return frozenset()


def _encoding(mapping: Mapping) -> Iterator[Mistake]:
    try:
        if mapping.encoding != AUTO:
            "".encode(mapping.encoding)
    except (LookupError, ValueError):
        yield ("encoding",), f"{mapping.encoding!r} is no encoding; say utf-8-sig, gb18030 or {AUTO}"


def _times(mapping: Mapping) -> Iterator[Mistake]:
    try:
        ZoneInfo(mapping.times.zone)
    except (ZoneInfoNotFoundError, ValueError):
        yield ("times", "zone"), f"{mapping.times.zone!r} is no time zone; say one such as Asia/Shanghai"
    for n, form in enumerate(mapping.times.formats):
        try:
            datetime.strptime(_SOME_TIME.strftime(form), form)
        except ValueError as fault:
            yield ("times", "formats", n), f"{form!r} is no way to write a time: {fault}"


def _value(loc: Loc, name: str, value: MappedValue) -> Iterator[Mistake]:
    yield from _template((*loc, "template"), value.template, frozenset({"value"}))
    if value.lookup and name in ("division", "category") and value.lookup != name:
        yield (*loc, "lookup"), f"a {name} is looked up among the names of {name}, not of {value.lookup}"
    if value.optional and name in _NEEDED:
        yield (*loc, "optional"), f"{name} is never optional; give `empty` where nothing is told"


def _step(loc: Loc, step: MappedStep, known: Set[str]) -> Iterator[Mistake]:
    fact = RECORDED.get(step.type)
    if fact is None or fact is DemandSubmitted:
        facts = ", ".join(sorted(RECORDED.keys() - {DemandSubmitted.type}))
        yield (*loc, "type"), f"{step.type!r} cannot be a recorded step; it is one of {facts}"
        return
    for key in step.data.keys() - fact.model_fields.keys():
        yield (*loc, "data", key), f"{step.type} has no {key}; it has {', '.join(fact.model_fields)}"
    for key, field in fact.model_fields.items():
        if field.is_required() and key not in step.data:
            yield (*loc, "data"), f"{step.type} needs {key}; add it"
    for key, text in texts(step).items():
        yield from _template((*loc, "data", key), text, known)


def _template(loc: Loc, template: str, known: Set[str]) -> Iterator[Mistake]:
    try:
        if unknown := sorted(names_in(template) - known):
            yield loc, f"the template {template!r} names {', '.join(unknown)}; it may name {', '.join(sorted(known))}"
        else:
            template.format_map(dict.fromkeys(known, "1"))
    except (ValueError, LookupError) as fault:
        yield loc, f"the template {template!r} cannot be filled: {fault}"
