"""Finds the column that caused a fault in a recorded demand, and words the reason in Chinese and English."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from pydantic import ValidationError

from deploy.importing.histories import CompiledStep
from deploy.importing.mapping import Mapping as Declaration
from deploy.importing.mapping_checks import CONTACT
from shared.contracts.event_types import RECORDED
from shared.contracts.refusals import Refused

Where = tuple[str, ...]
_ZH: Final = {
    "string_too_long": "超过 {max_length} 个字",
    "string_too_short": "不得为空",
    "too_long": "超过 {max_length} 个字",
    "too_short": "不得为空",
    "enum": "应为以下之一：{expected}",
    "float_parsing": "应为数字",
    "unreadable_character": "{zh}",
}


def shape_faults(fault: ValidationError) -> Iterator[tuple[Where, str]]:
    """The path of each wrong field, and the reason."""
    for error in fault.errors(include_url=False, include_input=False):
        zh = _ZH.get(error["type"], "内容不符合要求").format_map(error.get("ctx", {}))
        yield tuple(map(str, error["loc"])), f"{zh} / {error['msg']}"


def rule_faults(refused: Refused, history: Sequence[Mapping[str, Any]]) -> Iterator[tuple[Where, str]]:
    """The same for a refusal by rules of intake; for a recorded step, the path includes the wrong part of the step."""
    for error in refused.errors:
        where = tuple(error.field.split("."))
        if where[0] == "history" and len(where) == 2:
            where += _wrong_part(history[int(where[1])])
        yield where, f"{error.zh} / {error.en}"


def _wrong_part(step: Mapping[str, Any]) -> Where:
    try:
        RECORDED[step["type"]].model_validate(step["data"])
    except ValidationError as fault:
        return tuple(map(str, fault.errors(include_url=False)[0]["loc"]))[:1]
    return ()


def column_behind(where: Where, declared: Declaration, steps: Sequence[CompiledStep]) -> str:
    """The column of a field such as `contact.phone` or `history.2.at`; empty if no column caused the fault."""
    match where:
        case ("occurred_at", *_):
            return declared.raised_at
        case ("history", n, "at", *_):
            return steps[int(n)].step.at
        case ("history", n, "data", part, *_) | ("history", n, part, *_):
            return steps[int(n)].column_of(part)
        case ("history", n):
            return steps[int(n)].column_of("")
        case ("contact", name, *_):
            name = CONTACT + name
        case ("location", name, *_) | (name, *_):
            pass
        case _:
            return ""
    value = declared.values.get(name)
    return (value.column if value else None) or ""
