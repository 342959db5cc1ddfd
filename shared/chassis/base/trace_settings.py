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
        description="where traces are sent by OTLP over HTTP, such as http://collector:4318; empty: there are none",
    )
    otlp_headers: SecretStr = Field(
        SecretStr(""),
        validation_alias="OTEL_EXPORTER_OTLP_HEADERS",
        description="headers that the collector asks for, as NAME=VALUE with commas",
    )
    otlp_certificate: FilePath | None = Field(
        None,
        validation_alias="OTEL_EXPORTER_OTLP_CERTIFICATE",
        description="PEM of whom to trust for the collector; none: public authorities",
    )
    traces_sampler: Literal[
        "parentbased_always_on", "parentbased_traceidratio", "parentbased_always_off",
        "always_on", "traceidratio", "always_off",
    ] = Field(
        "parentbased_always_on",
        validation_alias="OTEL_TRACES_SAMPLER",
        description="which traces are recorded; whoever begins a trace decides, and every hop keeps to it",
    )  # fmt: skip
    traces_sampler_arg: float = Field(
        1.0,
        ge=0,
        le=1,
        validation_alias="OTEL_TRACES_SAMPLER_ARG",
        description="the share of traces that is recorded, with traceidratio or parentbased_traceidratio",
    )
