"""A step that another system recorded: what is wrong with it, and how it is told, naming no citizen."""

from collections.abc import Iterator

from shared.contracts.demand.facts import Fact, RecordedStep
from shared.contracts.event_types import as_recorded, recorded
from shared.contracts.refusals import FieldError, Refused
from shared.contracts.text import CONTROL_EN, CONTROL_ZH, longest, unreadable
from shared.contracts.wording import Identifier, Masked, Masks, Passage, by_office, hide, passages_in, texts
from shared.masking import MASKS


def misfits(where: str, step: RecordedStep) -> Iterator[FieldError]:
    """A step that cannot be told, or words of it that no database keeps."""
    try:
        recorded(step)
    except Refused as fault:
        yield FieldError(where, "记录的环节无法识别", fault.en)
    for name, value in step.data.items():
        if code := unreadable({name: value}):
            field = f"{where}.data" if unreadable(name) else f"{where}.data.{name}"
            yield FieldError(field, CONTROL_ZH.format(code=code), CONTROL_EN.format(code=code))


def told(step: RecordedStep, masks: Masks = MASKS) -> RecordedStep:
    """The step with what its fact knows and nothing else: nobody has looked at the rest."""
    fact = as_recorded(step)
    hidden = {name: hide(getattr(fact, name), declaration, masks) for name, declaration in _words(fact)}
    kept = fact.model_copy(update=hidden)
    # Steps within a step would be told with words that nobody has masked.
    data = kept.model_dump(mode="json", exclude_unset=True, exclude={"history"})
    return step.model_copy(update={"data": data})


def passages(step: RecordedStep) -> Iterator[Passage]:
    """The words of a step that `told` masks."""
    fact = as_recorded(step)
    for name, declaration in _words(fact):
        yield from passages_in(getattr(fact, name), declaration)


def _words(fact: Fact) -> Iterator[tuple[str, Masked]]:
    """What is plain where we tell it is words where another system did, in which a person may be named."""
    for name, declaration in texts(type(fact)):
        if name in fact.model_fields_set and not isinstance(declaration, Identifier):
            yield name, declaration if isinstance(declaration, Masked) else by_office(longest(type(fact), name))
