"""Fills the places in the texts that gateways send with the values of a message."""

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from shared.chassis.work.intents import Intent
from shared.contracts.text import shortened
from shared.jurisdiction.notices import PLACEHOLDERS, SHORTENED

_PLACE: Final = re.compile(r"\{([a-z_]+)\}")
LINK: Final = re.compile(r"https?://[^\s，。；！？、）】」]+")
OWN: Final = frozenset({
    "to", "text", "id", "template", "template_id", "variables", "sign", "signature", "timestamp", "nonce", "name",
    "url_path", "rating_url_path",
})  # fmt: skip
"""The places beside those of the pack's messages. `id` names the message in reports; `name` is the name of the gateway;
`url_path` is the link without the public address, for a template that holds that address."""
PLACES: Final = OWN | PLACEHOLDERS


def unknown_places(texts: Any) -> set[str]:
    """The names in braces for which there is no value, in a text, a mapping or a list."""
    return {name for text in _texts(texts) for name in _PLACE.findall(text)} - PLACES


def _texts(texts: Any) -> Iterator[str]:
    if isinstance(texts, str):
        yield texts
    elif isinstance(texts, Mapping):
        for value in texts.values():
            yield from _texts(value)
    elif isinstance(texts, list | tuple):
        for value in texts:
            yield from _texts(value)


def fill(text: str, values: Mapping[str, str]) -> str:
    """The text with the values in its places; braces within a value are not replaced."""
    return _PLACE.sub(lambda place: values.get(place[1], ""), text)


def fill_all(texts: Any, values: Mapping[str, str]) -> Any:
    """The same for any JSON value; `{variables}` alone becomes an object."""
    if texts == "{variables}":
        return json.loads(values["variables"])
    if isinstance(texts, str):
        return fill(texts, values)
    if isinstance(texts, Mapping):
        return {name: fill_all(value, values) for name, value in texts.items()}
    if isinstance(texts, list | tuple):
        return [fill_all(value, values) for value in texts]
    return texts


def values_of(intent: Intent) -> dict[str, str]:
    """The values of a message; messages of earlier versions have only the number of the demand."""
    values = {name: str(value) for name, value in (intent.body.get("values") or {}).items()}
    values = {"number": str(intent.body["number"] or "")} | values
    paths = {f"{name}_path": urlsplit(values.get(name, "")).path.lstrip("/") for name in ("url", "rating_url")}
    return values | paths | {"id": str(intent.id), "template": str(intent.body["template"])}


def variables_of(variables: Mapping[str, str], values: Mapping[str, str], longest: int) -> dict[str, str]:
    """The variables of an approved template. A text that people wrote is cut to the length that the operator allows;
    other values are not cut."""
    return {name: _short(text, values, longest) for name, text in variables.items()}


def _short(text: str, values: Mapping[str, str], longest: int) -> str:
    cut = [name for name in _PLACE.findall(text) if name in SHORTENED]
    room = longest - len(fill(text, {**values, **dict.fromkeys(cut, "")}))
    shares = {name: shortened(values.get(name, ""), max(1, room // len(cut))) for name in cut}
    return fill(text, {**values, **shares})


def signed(algorithm: str, text: str, secret: str, encoding: str) -> str:
    """The digest or HMAC of a text, in hexadecimal or base64."""
    name = algorithm.removeprefix("hmac-")
    if algorithm.startswith("hmac-"):
        digest = hmac.digest(secret.encode(), text.encode(), name)
    else:
        digest = hashlib.new(name, (text + secret).encode()).digest()
    return digest.hex() if encoding == "hex" else base64.b64encode(digest).decode()
