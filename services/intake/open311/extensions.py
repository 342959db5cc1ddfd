"""Defines the documents beyond the specification: those of `extensions=true`, and mySociety's updates."""

from services.intake.open311.documents import ServiceRequest, Stamp, XmlDocument


class Answered(XmlDocument):
    """What was answered to a question of the service."""

    root = "attribute"
    code: str
    value: str


class Extended(XmlDocument):
    """`extended_attributes`: the channel, as Chicago does, and the finer status of CitySDK."""

    root = "extended_attributes"
    channel: str | None
    title: str | None
    detailed_status: str | None


class Note(XmlDocument):
    """One step of a demand."""

    root = "note"
    datetime: Stamp
    description: str
    type: str


class ExtendedRequest(ServiceRequest):
    """A demand with what `extensions=true` adds."""

    attributes: tuple[Answered, ...]
    extended_attributes: Extended
    notes: tuple[Note, ...]


class RequestUpdate(XmlDocument):
    """A step of a demand, or the release of its answer, as FixMyStreet reads it; `external_status_code` is the status
    as it is called here, by which FixMyStreet chooses a template."""

    root, listed = "request_update", "service_request_updates"
    update_id: str
    service_request_id: str
    status: str
    external_status_code: str
    updated_datetime: Stamp
    description: str
    media_url: str | None = None


class UpdateReceipt(XmlDocument):
    """An update that was taken."""

    root, listed = "request_update", "service_request_updates"
    update_id: str
