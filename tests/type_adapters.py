"""Equal fields of FastAPI share a `TypeAdapter`: creating them took half of the time of building an API.

Each test that needs an API builds its own, with up to two hundred routes. A `TypeAdapter` never changes once it is
made.
"""

from collections import OrderedDict
from typing import Any, Final, get_args, get_origin

from fastapi._compat import v2
from pydantic import TypeAdapter
from pydantic.fields import FieldInfo

KEPT: Final = 20_000
_UNSET: Final = v2._Attrs
_made: Final[OrderedDict[Any, TypeAdapter[Any]]] = OrderedDict()


def install() -> None:
    """Share type adapters in every API that this process builds from now on."""
    v2.TypeAdapter = shared  # type: ignore[assignment,misc]


def shared(annotation: Any, config: Any = None) -> TypeAdapter[Any]:
    """As `TypeAdapter`, but one for all equal annotations."""
    try:
        key = (_described(annotation), _described(config))
        adapter = _made.get(key)
    except TypeError:  # a part has no hash
        return TypeAdapter(annotation, config=config)
    if adapter is None:
        adapter = _made[key] = TypeAdapter(annotation, config=config)
        if len(_made) > KEPT:
            _made.popitem(last=False)
    return adapter


def _described(part: Any) -> Any:
    """A key of an annotation: types and functions themselves, fields by all that is set in them."""
    if isinstance(part, FieldInfo):
        attributes = v2.asdict(part)["attributes"].items()
        set_attributes = tuple((name, _described(value)) for name, value in attributes if value is not _UNSET[name])
        return FieldInfo, _described(part.annotation), _described(part.metadata), set_attributes
    if isinstance(part, dict):
        return dict, tuple((name, _described(value)) for name, value in part.items())
    if isinstance(part, list | tuple):
        return type(part), tuple(map(_described, part))
    if parts := get_args(part):
        return get_origin(part), _described(parts)
    # The type too: 1 and True are equal.
    return type(part), part
