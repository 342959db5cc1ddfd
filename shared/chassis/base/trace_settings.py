"""The settings of tracing, with OpenTelemetry's standard variable names."""

from typing import Literal

from pydantic import Field, FilePath, SecretStr
from pydantic_settings import BaseSettings


class TraceSettings(BaseSettings):
    """Where traces are sent, and which are sampled; without an endpoint, no tracing code is loaded."""

    otlp_endpoint: str = Field(
        "",
        pattern=r"^$|^https?://[^/\s]+",
        validation_alias="OTEL_EXPORTER_OTLP_ENDPOINT",
        description="address to which traces are sent by OTLP over HTTP, such as http://collector:4318; empty: no"
        " traces",
    )
    otlp_headers: SecretStr = Field(
        SecretStr(""),
        validation_alias="OTEL_EXPORTER_OTLP_HEADERS",
        description="headers that the collector requires, as NAME=VALUE, separated by commas",
    )
    otlp_certificate: FilePath | None = Field(
        None,
        validation_alias="OTEL_EXPORTER_OTLP_CERTIFICATE",
        description="PEM file of the authorities to trust for the collector; none: public authorities",
    )
    traces_sampler: Literal[
        "parentbased_always_on", "parentbased_traceidratio", "parentbased_always_off",
        "always_on", "traceidratio", "always_off",
    ] = Field(
        "parentbased_always_on",
        validation_alias="OTEL_TRACES_SAMPLER",
        description="which traces are recorded; the process that starts a trace decides for all others (with"
        " `parentbased_…`)",
    )  # fmt: skip
    traces_sampler_arg: float = Field(
        1.0,
        ge=0,
        le=1,
        validation_alias="OTEL_TRACES_SAMPLER_ARG",
        description="the share of traces that is recorded, for traceidratio and parentbased_traceidratio",
    )
