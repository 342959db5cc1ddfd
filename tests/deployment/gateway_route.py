"""A model of the Gateway API's HTTPRoute, as far as the chart uses it, since no package has its schema."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field


class Part(BaseModel):
    """An object without other fields."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Metadata(Part):
    """Of any object."""

    name: str
    labels: Mapping[str, str]
    annotations: Mapping[str, str] = {}


class Parent(Part):
    """The Gateway that a route belongs to."""

    name: str
    namespace: str = ""
    sectionName: str = ""  # noqa: N815 (of the Gateway API)


class PathMatch(Part):
    """Which paths are meant."""

    type: Literal["Exact", "PathPrefix"]
    value: Annotated[str, Field(pattern="^/", max_length=1024)]


class Match(Part):
    """Which requests are meant."""

    path: PathMatch


class Backend(Part):
    """The service that answers them."""

    name: str
    port: Annotated[int, Field(ge=1, le=65535)]


class Rule(Part):
    """Requests and who answers them."""

    matches: Annotated[list[Match], Field(min_length=1, max_length=8)]  # 64 since Gateway API 1.2
    backendRefs: Annotated[list[Backend], Field(min_length=1, max_length=16)]  # noqa: N815


class Spec(Part):
    """The whole of a route."""

    parentRefs: Annotated[list[Parent], Field(min_length=1, max_length=32)]  # noqa: N815
    hostnames: Annotated[list[str], Field(max_length=16)]
    rules: Annotated[list[Rule], Field(min_length=1, max_length=16)]


class HTTPRoute(Part):
    """A route of a Gateway."""

    apiVersion: Literal["gateway.networking.k8s.io/v1"]  # noqa: N815
    kind: Literal["HTTPRoute"]
    metadata: Metadata
    spec: Spec
