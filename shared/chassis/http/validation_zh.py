"""Turns Pydantic's errors into field errors in both languages: the field, the rule, and an example of a valid value."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import orjson

from shared.contracts.refusals import FieldError

Schema = Mapping[str, Any]
PLACES: Final = frozenset({"body", "query", "path", "header", "cookie"})
UNNAMED_ZH: Final = "格式不正确"
RULES_ZH: Final[Mapping[str, str]] = {
    "missing": "必填",
    "extra_forbidden": "不认识此字段，请删除或核对拼写",
    "json_invalid": "不是有效的 JSON",
    "json_type": "应为 JSON 文本",
    "recursion_loop": "嵌套过深",
    "invalid_key": "字段名应为文字",
    "model_type": "应为对象 {{…}}",
    "model_attributes_type": "应为对象 {{…}}",
    "dict_type": "应为对象 {{…}}",
    "list_type": "应为数组 […]",
    "tuple_type": "应为数组 […]",
    "set_type": "应为数组 […]",
    "frozen_set_type": "应为数组 […]",
    "too_short": "至少 {min_length} 项",
    "too_long": "最多 {max_length} 项",
    "string_type": "应为文字",
    "string_unicode": "含有无法识别的字符",
    "string_too_short": "至少 {min_length} 个字符",
    "string_too_long": "最多 {max_length} 个字符",
    "string_pattern_mismatch": "应符合格式 {pattern}",
    "enum": "只能是 {expected}",
    "literal_error": "只能是 {expected}",
    "bool_type": "应为 true 或 false",
    "bool_parsing": "应为 true 或 false",
    "int_type": "应为整数",
    "int_parsing": "应为整数",
    "int_parsing_size": "整数过大",
    "int_from_float": "应为整数，不带小数",
    "float_type": "应为数字",
    "float_parsing": "应为数字",
    "finite_number": "应为有限的数字",
    "greater_than": "应大于 {gt}",
    "greater_than_equal": "不得小于 {ge}",
    "less_than": "应小于 {lt}",
    "less_than_equal": "不得大于 {le}",
    "date_type": "应为日期，如 2026-11-24",
    "date_parsing": "应为日期，如 2026-11-24",
    "date_from_datetime_parsing": "应为日期，如 2026-11-24",
    "date_from_datetime_inexact": "应为日期，不带时刻，如 2026-11-24",
    "datetime_type": "应为 ISO 8601 时间，如 2026-11-24T08:00:00+08:00",
    "datetime_parsing": "应为 ISO 8601 时间，如 2026-11-24T08:00:00+08:00",
    "datetime_from_date_parsing": "应为 ISO 8601 时间，如 2026-11-24T08:00:00+08:00",
    "datetime_object_invalid": "不是有效的时间",
    "timezone_aware": "时间缺少时区，如 +08:00",
    "uuid_type": "应为 UUID",
    "uuid_parsing": "不是有效的 UUID",
    "value_error": "格式不正确：{error}",
}

# Pydantic reports the length of a cleaned text like the length of a list.
OF_TEXT_ZH: Final = {"too_short": RULES_ZH["string_too_short"], "too_long": RULES_ZH["string_too_long"]}


RULES_EN: Final[Mapping[str, str]] = {"extra_forbidden": "this field is not known: remove it or correct its spelling"}
"""Rules that Pydantic's own words do not explain to a person who does not know Pydantic."""


def field_errors(errors: Sequence[Any], schema: Schema, root: Schema | None = None) -> tuple[FieldError, ...]:
    """The field errors of a value that `schema` describes; `root` is the document that its references point into."""
    return tuple(_field_error(error, schema, schema if root is None else root) for error in errors)


def _field_error(error: Mapping[str, Any], schema: Schema, root: Schema) -> FieldError:
    path = error["loc"][1:] if error["loc"] and error["loc"][0] in PLACES else error["loc"]
    if error["type"] == "json_invalid":
        path = ()
    context = error.get("ctx", {})
    example = context.get("example") or as_text(example_of(schema, path, root))
    return FieldError(".".join(map(str, path)) or "body", rule_zh(error), rule_en(error), example)


def _is_text(error: Mapping[str, Any]) -> bool:
    return error["type"] in OF_TEXT_ZH and isinstance(error.get("input"), str)


def rule_zh(error: Mapping[str, Any]) -> str:
    """The rule that was broken, in Chinese."""
    context = {name: _spoken(value) for name, value in error.get("ctx", {}).items()}
    if error["type"] == "json_invalid" and (place := _place_in_json(error)):
        return f"{RULES_ZH['json_invalid']}，第 {place} 个字符处有误"
    rules = OF_TEXT_ZH if _is_text(error) else RULES_ZH
    return context.get("zh") or rules.get(error["type"], UNNAMED_ZH).format_map(context)


def rule_en(error: Mapping[str, Any]) -> str:
    """The rule that was broken, in English."""
    words: str = RULES_EN.get(error["type"], error["msg"])
    if error["type"] == "json_invalid" and (place := _place_in_json(error)):
        return f"is not valid JSON, at character {place}: {error['ctx']['error']}"
    if not _is_text(error):
        return words
    context = error["ctx"]
    if "min_length" in context:
        return f"String should have at least {context['min_length']} characters that can be read"
    return f"String should have at most {context['max_length']} characters"


def _place_in_json(error: Mapping[str, Any]) -> int | None:
    """The character at which a text stops being JSON, counted from 1; None if the error does not say it."""
    place = error["loc"][-1] if error["loc"] else None
    return place + 1 if isinstance(place, int) and "error" in error.get("ctx", {}) else None


def _spoken(value: object) -> str:
    return str(value).replace("' or '", "'、'").replace("', '", "'、'")


def as_text(example: object) -> str | None:
    """An example as text, for a problem document."""
    return example if example is None or isinstance(example, str) else orjson.dumps(example).decode()


def example_of(schema: Schema, path: Sequence[str | int], root: Schema) -> Any:
    """The first example in the schema for the field at the path `where`, or the part of an example around it."""
    branches = list(_branches(schema, root))
    if not path:
        return next((example for branch in branches if (example := _own(branch)) is not None), None)
    for branch in branches:
        part = _part(branch, path[0])
        example = example_of(part, path[1:], root) if part is not None else None
        if example is None:
            example = _within(_own(branch), path)
        if example is not None:
            return example
    return None


def _branches(schema: Schema, root: Schema) -> list[Schema]:
    """The schema, the schema that it references, and all its alternatives."""
    schemas = [schema]
    if isinstance(reference := schema.get("$ref"), str):
        target: Any = root
        for name in reference.removeprefix("#/").split("/"):
            target = target[name]
        schemas += _branches(target, root)
    for alternatives in ("anyOf", "oneOf", "allOf"):
        for alternative in schema.get(alternatives, ()):
            schemas += _branches(alternative, root)
    return schemas


def _own(schema: Schema) -> Any:
    return next(iter((*schema.get("examples", ()), *schema.get("enum", ()))), None)


def _part(schema: Schema, name: str | int) -> Schema | None:
    part_schema = schema.get("properties", {}).get(name) if isinstance(name, str) else schema.get("items")
    return part_schema if isinstance(part_schema, Mapping) else None


def _within(example: Any, path: Sequence[str | int]) -> Any:
    for name in path:
        if isinstance(name, str):
            example = example.get(name) if isinstance(example, Mapping) else None
        else:
            example = next(iter(example), None) if isinstance(example, list) else None
    return example
