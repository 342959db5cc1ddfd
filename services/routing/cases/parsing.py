"""Parses commands from the fields of bulk requests and forms."""

from collections.abc import Mapping
from typing import TypeVar

from pydantic import BaseModel, JsonValue, ValidationError

from services.routing.cases.commands import COMMANDS, RoutingCommand
from shared.chassis.http.validation_zh import field_errors
from shared.contracts.refusals import Code, FieldError, Refused

M = TypeVar("M", bound=BaseModel)


def command_of(name: str, fields: Mapping[str, JsonValue]) -> RoutingCommand:
    """The command of this name with these fields; raises `Refused`, which names every field that has an error."""
    kind = COMMANDS.get(name)
    if kind is None:
        names = ", ".join(COMMANDS)
        en, zh = f"there is no command {name!r}; commands are: {names}", f"没有“{name}”操作，可用：{names}"
        raise Refused(Code.INVALID, f"command: {en}", zh, (FieldError("command", zh, en, "accept"),))
    return validated(kind, fields)


def validated(kind: type[M], fields: Mapping[str, JsonValue]) -> M:
    """The model of these fields; raises `Refused`, which names every field that has an error."""
    try:
        return kind.model_validate(dict(fields))
    except ValidationError as fault:
        schema = kind.model_json_schema()
        errors = tuple(field_errors(fault.errors(), schema, schema))
        en = "; ".join(f"{error.field}: {error.en}" for error in errors)
        zh = "；".join(f"{error.field}：{error.zh}" for error in errors)
        raise Refused(Code.INVALID, en, zh, errors) from None
