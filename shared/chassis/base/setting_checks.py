"""Checks the settings of a process before it starts, and reports all mistakes at once."""

from collections.abc import Iterable, Iterator
from fnmatch import fnmatch
from typing import Any

from pydantic import ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, EnvSettingsSource

from shared.chassis.base.settings import mistakes, variable_of


def what_is_wrong(process: str, kinds: Iterable[type[BaseSettings]]) -> list[str]:
    """A line for each setting that is missing or wrong, or has a default that only fits a single machine."""
    return list(dict.fromkeys(line for kind in kinds for line in _mistakes_of(process, kind)))


def is_read_by(field: FieldInfo, process: str) -> bool:
    """Whether a process reads this setting."""
    patterns = _noted(field).get("read_by") or ["*"]
    return any(fnmatch(process, pattern) for pattern in patterns)


def is_here_only(field: FieldInfo) -> bool:
    """Whether the default of this setting only fits a single machine."""
    return bool(_noted(field).get("here_only"))


def _noted(field: FieldInfo) -> dict[str, Any]:
    extra = field.json_schema_extra
    return dict(extra) if isinstance(extra, dict) else {}


def _mistakes_of(process: str, kind: type[BaseSettings]) -> Iterator[str]:
    try:
        kind()
    except ValidationError as fault:
        yield from mistakes(kind, fault)
    environment = EnvSettingsSource(kind)()
    for name, field in kind.model_fields.items():
        is_set = name in environment or field.validation_alias in environment
        if is_here_only(field) and is_read_by(field, process) and not is_set:
            default = f"its default ({field.default}) is only for a single machine"
            yield f"{variable_of(kind, name)}: must be set: {default} ({field.description})"
