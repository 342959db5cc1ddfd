"""A step that another system recorded: what is wrong with it, and how it is told, naming no citizen."""

from collections.abc import Callable, Iterator
from typing import Any, Final

from shared.contracts.catalogue import recorded
from shared.contracts.facts import RecordedStep
from shared.contracts.refusals import FieldError, Refused
from shared.contracts.text import CONTROL_EN, CONTROL_ZH, longest, unreadable
from shared.masking import mask, mask_answer

_BY_CITIZENS: Final = ("demand.confirmed", "demand.reopened", "demand.withdrawn")
_REFERENCES: Final = ("assisting", "suggested_unit", "suggestions", "team", "unit")
"""What stands for a unit or a team. All other text of a step is words, in which a person may be named."""


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


def told(step: RecordedStep) -> RecordedStep:
    """The step with what its fact knows and nothing else: nobody has looked at the rest."""
    fact, hide = recorded(step), mask if step.type in _BY_CITIZENS else mask_answer
    words = {name: value for name, value in fact if name in fact.model_fields_set and name not in _REFERENCES}
    hidden = {name: _hidden(value, hide, longest(type(fact), name)) for name, value in words.items()}
    return step.model_copy(update={"data": fact.model_copy(update=hidden).model_dump(mode="json", exclude_unset=True)})


def _hidden(value: Any, hide: Callable[[str], str], limit: int | None) -> Any:
    if isinstance(value, tuple):
        return tuple(hide(one) for one in value)
    return hide(value)[:limit] if type(value) is str else value
