"""The settings that every process has, read once from its environment variables."""

import sys
from collections.abc import Iterable, Iterator
from typing import Annotated, Any, Final, Literal, NoReturn, TypeVar

from pydantic import AfterValidator, BeforeValidator, Field, FilePath, SecretStr, ValidationError, ValidationInfo
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.chassis.base.trace_settings import TraceSettings
from shared.chassis.kafka.client import PLAINTEXT, Kafka

WRONG: Final = 78
"""The exit code of a process with wrong settings (EX_CONFIG of sysexits)."""
PUBLIC_URL: Final = r"^https?://[^/\s]+"
LISTENERS: Final = ("*-worker", "*-projector")
RELAYING: Final = (*LISTENERS, "*-relay")
Read = TypeVar("Read", bound=BaseSettings)
Text = TypeVar("Text", str, SecretStr)


def noted(*read_by: str, here_only: bool = False) -> dict[str, Any]:
    """Metadata of a setting: patterns of the names of processes that read it (none: all processes), and whether its
    default only fits a single machine, so that each start in production must set it."""
    return {"read_by": list(read_by), "here_only": here_only}


def _required_for_sasl(text: Text, info: ValidationInfo) -> Text:
    """Refuse an empty name or password with a SASL protocol: the broker would only close the connection."""
    protocol = info.data.get("kafka_security_protocol", "")
    if protocol.startswith("SASL_") and not len(text):
        raise ValueError(f"must be set, because KAFKA_SECURITY_PROTOCOL is {protocol}")
    return text


class KafkaSettings(BaseSettings):
    """The addresses and credentials of Kafka, with the variable names that other Kafka clients use."""

    model_config = SettingsConfigDict(env_prefix="HUYING_", extra="ignore")

    kafka_bootstrap_servers: str = Field(
        "127.0.0.1:9092",
        validation_alias="KAFKA_BOOTSTRAP_SERVERS",
        description="HOST:PORT of one or more brokers, separated by commas",
        json_schema_extra=noted(*RELAYING, here_only=True),
    )
    kafka_security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = Field(
        PLAINTEXT,
        validation_alias="KAFKA_SECURITY_PROTOCOL",
        description="the protocol of the connection to the brokers",
        json_schema_extra=noted(*RELAYING),
    )
    kafka_sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = Field(
        "PLAIN",
        validation_alias="KAFKA_SASL_MECHANISM",
        description="the SASL mechanism, for a SASL protocol",
        json_schema_extra=noted(*RELAYING),
    )
    kafka_sasl_username: Annotated[str, AfterValidator(_required_for_sasl)] = Field(
        "",
        validate_default=True,
        validation_alias="KAFKA_SASL_USERNAME",
        description="the user name, for a SASL protocol",
        json_schema_extra=noted(*RELAYING),
    )
    kafka_sasl_password: Annotated[SecretStr, AfterValidator(_required_for_sasl)] = Field(
        SecretStr(""),
        validate_default=True,
        validation_alias="KAFKA_SASL_PASSWORD",
        description="the password, for a SASL protocol",
        json_schema_extra=noted(*RELAYING),
    )
    kafka_ssl_cafile: FilePath | None = Field(
        None,
        validation_alias="KAFKA_SSL_CAFILE",
        description="PEM file of the authorities to trust; none: those that the system trusts",
        json_schema_extra=noted(*RELAYING),
    )
    kafka_ssl_certfile: FilePath | None = Field(
        None,
        validation_alias="KAFKA_SSL_CERTFILE",
        description="PEM file of our certificate, if the brokers require one",
        json_schema_extra=noted(*RELAYING),
    )
    kafka_ssl_keyfile: FilePath | None = Field(
        None,
        validation_alias="KAFKA_SSL_KEYFILE",
        description="PEM file of the key of our certificate; none: it is in the file of the certificate",
        json_schema_extra=noted(*RELAYING),
    )
    kafka_replication_factor: int = Field(
        1,
        ge=1,
        le=9,
        validation_alias="KAFKA_REPLICATION_FACTOR",
        description="replication factor of the topics that `huying migrate` creates",
        json_schema_extra=noted("huying migrate"),
    )

    @property
    def kafka(self) -> Kafka:
        """The connection parameters for Kafka clients."""
        return Kafka(
            self.kafka_bootstrap_servers,
            self.kafka_security_protocol,
            self.kafka_sasl_mechanism,
            self.kafka_sasl_username,
            self.kafka_sasl_password.get_secret_value(),
            self.kafka_ssl_cafile,
            self.kafka_ssl_certfile,
            self.kafka_ssl_keyfile,
        )


class ProcessSettings(TraceSettings, KafkaSettings):
    """The settings of every process: database, Kafka, traces, logs, health, and consumption."""

    database_url: str = Field(
        validation_alias="DATABASE_URL", description="address of the database, as postgresql://USER@HOST/DATABASE"
    )
    instance: str = Field(
        "",
        description="fixed name of this process in its consumer group (static membership); empty: a dynamic member",
        json_schema_extra=noted(*LISTENERS),
    )
    deployment: str = Field(
        "",
        description="name of this deployment in the answers of /livez and /readyz; `make up` recognises its own by it",
    )
    host: str = Field("127.0.0.1", description="address on which this process listens; 0.0.0.0: all addresses")
    health_port: int = Field(
        0, ge=0, le=65535, description="port of /livez, /readyz and /metrics for operators; 0: none"
    )
    log_format: Literal["console", "json"] = Field(
        "console", description="format of log lines: `console` for people, `json` for log collectors"
    )
    log_level: Annotated[
        Literal["debug", "info", "warning", "error", "critical"],
        BeforeValidator(lambda level: str(level).lower()),
    ] = Field("info", description="the lowest level that is logged")
    relay_shards: int = Field(
        1,
        ge=1,
        le=64,
        description="into how many parts each journal is divided, which relays send in parallel; the same for all"
        " processes of a service",
        json_schema_extra=noted(*RELAYING),
    )
    relay_inside: bool = Field(
        True,
        description="true: relays run inside the worker; false: start them separately, by `huying run …-relay`",
        json_schema_extra=noted(*LISTENERS),
    )
    batch_size: int = Field(
        1000, ge=1, le=10_000, description="the most records in a batch", json_schema_extra=noted(*LISTENERS)
    )
    dead_letter_limit: int = Field(
        50,
        ge=1,
        description="after so many dead letters in a row the consumer stops",
        json_schema_extra=noted(*LISTENERS),
    )


class PublicSettings(ProcessSettings):
    """The settings of a process that writes our public URL into messages or pages."""

    public_url: str = Field(
        "http://127.0.0.1:8080",
        pattern=PUBLIC_URL,
        description="address at which people and other systems reach the pages and the API, such as"
        " https://huying.example.gov.cn; all links, also those in messages, begin with it",
        json_schema_extra=noted(here_only=True),
    )


def read(kind: type[Read]) -> Read:
    """Read settings from the environment. Mistakes end the process; each is printed with the name and the meaning of
    its variable."""
    try:
        return kind()
    except ValidationError as fault:
        stop(mistakes(kind, fault))


def stop(errors: Iterable[str]) -> NoReturn:
    """Print the mistakes in the settings, a line each, and end the process."""
    for line in dict.fromkeys(errors):
        print(f"huying: {line}", file=sys.stderr)
    raise SystemExit(WRONG)


def mistakes(kind: type[BaseSettings], fault: ValidationError) -> Iterator[str]:
    """A line for each validation error, with the name and the meaning of its variable."""
    for error in fault.errors():
        location = str(error["loc"][0]) if error["loc"] else "?"
        name = next((n for n, field in kind.model_fields.items() if location in (n, field.validation_alias)), None)
        meaning = name and kind.model_fields[name].description
        words = "is not set" if error["type"] == "missing" else error["msg"].removeprefix("Value error, ")
        yield f"{variable_of(kind, name) if name else location}: {words}{f' ({meaning})' if meaning else ''}"


def variable_of(kind: type[BaseSettings], name: str) -> str:
    """The name of the environment variable of a field."""
    return str(kind.model_fields[name].validation_alias or f"{kind.model_config.get('env_prefix', '')}{name}".upper())
