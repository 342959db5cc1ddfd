"""The rules of GeoReport v2 as a table, each with the function that examines it."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Final

from deploy.open311.checks import formats, reading, refusing, values, writing
from deploy.open311.server import TestedServer

Check = Callable[[TestedServer], AsyncIterator[str]]


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule; `check` yields descriptions of violations, and raises `NotApplicable` if it cannot be examined."""

    id: str
    sentence: str
    check: Check


# fmt: off
RULES: Final = (
    Rule("O-01", "Discovery and services are there in XML, and in JSON where it is announced.", formats.offered),
    Rule("O-02", "The suffix alone chooses the format.", formats.by_suffix),
    Rule("O-03", "Answers say their type with charset=utf-8, XML also in its declaration.", formats.media_types),
    Rule("O-04", "XML has no namespace and no tag that the specification does not know.", formats.known_tags),
    Rule("O-05", "JSON is a bare array without a root, with ids as strings and no empty strings.", formats.spark),
    Rule("O-06", "A date is ISO 8601 with Z or an offset.", formats.dates),
    Rule("O-07", "An empty argument counts as absent.", reading.empty_is_absent),
    Rule("O-08", "Without arguments: the last 90 days, 1000 requests at most.", reading.default_window),
    Rule("O-09", "A span of more than 90 days is refused with 400.", reading.longest_span),
    Rule("O-10", "An error is a list of code and description.", refusing.errors_document),
    Rule("O-11", "404 for what does not exist, 403 without the key, 400 for the rest.", refusing.status_codes),
    Rule("O-12", "Of several jurisdictions one is named: 400 for none, 404 for an unknown one.", refusing.jurisdiction),
    Rule("O-13", "A submission is answered with a service_request_id or a token, never both.", writing.id_or_token),
    Rule("O-14", "The server is reached over HTTPS.", writing.encrypted),
    Rule("O-15", "A list of service_request_id overrides every other filter.", reading.ids_override),
    Rule("O-16", "A missing required attribute is refused with 400, by its name.", writing.required_attributes),
    Rule("O-17", "A single request is a list of one; an unknown one is 404.", reading.one_request),
    Rule("O-18", "A request has an id and a status, open or closed in lower case.", values.requests),
    Rule("O-19", "A service has a code, a name, metadata true or false, and one of three types.", values.services),
    Rule("O-20", "What is unknown is left out: no key is null, and no service_code is empty.", values.nulls),
    Rule("O-21", "Discovery has all its fields, each endpoint the type production or test.", values.discovery),
)
# fmt: on
