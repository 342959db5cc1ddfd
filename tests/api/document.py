"""An OpenAPI document as a caller reads it: operations, their examples, what an answer must look like."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import httpx
from jsonschema import Draft202012Validator

JSON = "application/json"


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one path, within its document."""

    document: Mapping[str, Any]
    method: str
    path: str
    told: Mapping[str, Any]

    @property
    def id(self) -> str:
        return str(self.told["operationId"])

    @property
    def success(self) -> str:
        """The one status that is documented for what goes well."""
        (status,) = (told for told in self.told["responses"] if told.startswith("2"))
        return str(status)

    @property
    def body(self) -> Mapping[str, Any] | None:
        """What is documented of a JSON body."""
        return dict(self.told.get("requestBody", {}).get("content", {})).get(JSON)

    @property
    def answer(self) -> Mapping[str, Any] | None:
        """What is documented of a JSON answer."""
        return dict(self.told["responses"][self.success].get("content", {})).get(JSON)

    def examples(self, media: Mapping[str, Any]) -> list[Any]:
        """Every example of a body or an answer, beside its schema or within."""
        named = [example["value"] for example in media.get("examples", {}).values()]
        return [*named, *self._followed(media["schema"]).get("examples", [])]

    def parameters(self, known: Mapping[str, str], place: str) -> dict[str, str]:
        """What to send there: what is known, and for what is required the document's own example."""
        found = {}
        for told in self.told.get("parameters", []):
            if told["in"] == place and (told["name"] in known or told["required"]):
                found[told["name"]] = known.get(told["name"]) or told["schema"]["examples"][0]
        return found

    def faults(self, media: Mapping[str, Any], value: Any) -> list[str]:
        """How a value differs from its schema, where a field that is not documented is a difference."""
        known = self.document["components"]["schemas"]
        closed = {name: told | {"additionalProperties": False} for name, told in known.items() if "properties" in told}
        schema = {**media["schema"], "components": {"schemas": known | closed}}
        check = Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)
        return [f"{fault.json_path}: {fault.message}" for fault in check.iter_errors(value)]

    def is_as_documented(self, answer: httpx.Response) -> None:
        """Fail unless an answer has the documented status and shape."""
        assert str(answer.status_code) == self.success, answer.text
        if self.answer:
            assert not self.faults(self.answer, answer.json())

    def _followed(self, schema: Mapping[str, Any]) -> Mapping[str, Any]:
        """The schema itself, where there is a reference to it or nothing instead."""
        for other in schema.get("anyOf", ()):
            if "$ref" in other:
                return self._followed(other)
        name = schema.get("$ref", "").rpartition("/")[2]
        return dict(self.document["components"]["schemas"][name]) if name else schema


def operations(document: Mapping[str, Any]) -> Iterator[Operation]:
    """Those of the REST API; Open311 and the gateways follow documents of their own."""
    for path, methods in document["paths"].items():
        for method, told in methods.items():
            if path.startswith("/v1/"):
                yield Operation(document, method, path, told)
