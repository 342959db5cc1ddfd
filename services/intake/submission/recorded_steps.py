"""Checks a step that another system recorded, and masks the texts in it; pure."""

from collections.abc import Iterator

from shared.contracts.demand.facts import Fact, RecordedStep
from shared.contracts.event_types import as_recorded, recorded
from shared.contracts.refusals import FieldError, Refused
from shared.contracts.text import CONTROL_EN, CONTROL_ZH, longest, unreadable
from shared.contracts.wording import Identifier, Masked, Masks, Passage, by_office, hide, passages_in, texts
from shared.masking import MASKS


def misfits(where: str, step: RecordedStep) -> Iterator[FieldError]:
    """The errors of a step: it is not a known fact, or its texts have characters that the database cannot store."""
    try:
        recorded(step)
    except Refused as fault:
        zh = f"记录的环节有误：{fault.zh}" if fault.zh else "记录的环节无法识别"
        yield FieldError(where, zh, fault.en)
    for name, value in step.data.items():
        if code := unreadable({name: value}):
            field = f"{where}.data" if unreadable(name) else f"{where}.data.{name}"
            yield FieldError(field, CONTROL_ZH.format(code=code), CONTROL_EN.format(code=code))


def masked_step(step: RecordedStep, masks: Masks = MASKS) -> RecordedStep:
    """The step as it is recorded: only with the fields that its fact has, and with its texts masked."""
    fact = as_recorded(step)
    hidden = {name: hide(getattr(fact, name), declaration, masks) for name, declaration in _words(fact)}
    masked_fact = fact.model_copy(update=hidden)
    # A history within a step is left out: its texts were not masked.
    data = masked_fact.model_dump(mode="json", exclude_unset=True, exclude={"history"})
    return step.model_copy(update={"data": data})


def passages(step: RecordedStep) -> Iterator[Passage]:
    """The texts of a step that `masked_step` masks."""
    fact = as_recorded(step)
    for name, declaration in _words(fact):
        yield from passages_in(getattr(fact, name), declaration)


def _words(fact: Fact) -> Iterator[tuple[str, Masked]]:
    """The texts of a fact that may name a person. A field that our own services fill with a safe value may hold free
    text if another system filled it, so every text but an identifier is included."""
    for name, declaration in texts(type(fact)):
        if name in fact.model_fields_set and not isinstance(declaration, Identifier):
            yield name, declaration if isinstance(declaration, Masked) else by_office(longest(type(fact), name))
