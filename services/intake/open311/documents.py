"""Defines the documents of GeoReport v2, with the fields in the order of its specification."""

from datetime import UTC, datetime
from typing import Annotated, ClassVar

from pydantic import BaseModel, ConfigDict, PlainSerializer


def _stamp(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


Stamp = Annotated[datetime, PlainSerializer(_stamp, return_type=str)]


class XmlDocument(BaseModel):
    """`root` is its XML element; where it stands in a list, `listed` is the element around."""

    model_config = ConfigDict(frozen=True)

    root: ClassVar[str]
    listed: ClassVar[str] = ""


class Endpoint(XmlDocument):
    """Where one version of the API is."""

    root = "endpoint"
    specification: str
    url: str
    changeset: str
    type: str
    formats: tuple[str, ...]


class Discovery(XmlDocument):
    """The discovery document: the API of this server, and how to get a key."""

    root = "discovery"
    changeset: str
    contact: str
    key_service: str
    endpoints: tuple[Endpoint, ...]


class Service(XmlDocument):
    """Something that can be asked for: a category."""

    root, listed = "service", "services"
    service_code: str
    service_name: str
    description: str
    metadata: bool
    type: str
    keywords: str | None
    group: str | None


class Value(XmlDocument):
    """One choice of an attribute."""

    root = "value"
    key: str
    name: str


class Attribute(XmlDocument):
    """A question that belongs to a service."""

    root = "attribute"
    variable: bool
    code: str
    datatype: str
    required: bool
    datatype_description: str | None
    order: int
    description: str
    values: tuple[Value, ...]


class ServiceDefinition(XmlDocument):
    """The questions of one service."""

    root = "service_definition"
    service_code: str
    attributes: tuple[Attribute, ...]


class Receipt(XmlDocument):
    """The answer to a submission; there is never a token, because the number is known at once."""

    root, listed = "request", "service_requests"
    service_request_id: str
    service_notice: str
    account_id: str | None = None


class Redeemed(XmlDocument):
    """The number that belongs to a token."""

    root, listed = "request", "service_requests"
    service_request_id: str
    token: str


class ServiceRequest(XmlDocument):
    """A demand as the public may see it; what is unknown or not shown is left out of the document."""

    root, listed = "request", "service_requests"
    service_request_id: str
    status: str
    status_notes: str
    service_name: str | None
    service_code: str | None
    description: str | None
    agency_responsible: str | None
    service_notice: str | None = None
    requested_datetime: Stamp
    updated_datetime: Stamp | None
    expected_datetime: Stamp | None
    address: str | None
    address_id: str | None
    zipcode: str | None = None
    lat: float | None
    long: float | None
    media_url: str | None = None


class Error(XmlDocument):
    """One thing that was wrong, in words for the person who asked."""

    root, listed = "error", "errors"
    code: str
    description: str
