"""A step that another system recorded: what is wrong with it."""

from collections.abc import Iterator

from shared.contracts.catalogue import recorded
from shared.contracts.facts import RecordedStep
from shared.contracts.refusals import FieldError, Refused
from shared.contracts.text import CONTROL_EN, CONTROL_ZH, unreadable


def misfits(where: str, step: RecordedStep) -> Iterator[FieldError]:
    """A step that cannot be told, or words of it that no database keeps."""
    try:
        fact = recorded(step)
    except Refused as fault:
        yield FieldError(where, "记录的环节无法识别", fault.en)
        return
    for name, value in fact:
        for words in _texts(value):
            if code := unreadable(words):
                field = f"{where}.data.{name}"
                yield FieldError(field, CONTROL_ZH.format(code=code), CONTROL_EN.format(code=code))


def _texts(value: object) -> Iterator[str]:
    for one in value if isinstance(value, tuple) else (value,):
        if isinstance(one, str):
            yield one
