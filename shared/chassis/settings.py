"""The settings that every process has, read once from its environment."""

import sys
from pathlib import Path
from typing import Annotated, Final, Literal, TypeVar

from pydantic import AfterValidator, Field, FilePath, SecretStr, ValidationError, ValidationInfo
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.chassis.kafka import PLAINTEXT, Kafka

MAKE_ONE: Final = "make one with `openssl rand -base64 48` and keep it"
Read = TypeVar("Read", bound=BaseSettings)
Told = TypeVar("Told", str, SecretStr)


def _told_for_sasl(told: Told, known: ValidationInfo) -> Told:
    """Without a name or a password a broker that asks for them would only hang up."""
    protocol = known.data.get("kafka_security_protocol", "")
    if protocol.startswith("SASL_") and not len(told):
        raise ValueError(f"is needed with KAFKA_SECURITY_PROTOCOL={protocol}")
    return told


class KafkaSettings(BaseSettings):
    """Where Kafka is and how it lets us in, by the names that its other clients use."""

    model_config = SettingsConfigDict(env_prefix="HUYING_", extra="ignore")

    kafka_bootstrap_servers: str = Field("127.0.0.1:9092", validation_alias="KAFKA_BOOTSTRAP_SERVERS")
    kafka_security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = Field(
        PLAINTEXT, validation_alias="KAFKA_SECURITY_PROTOCOL"
    )
    kafka_sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = Field(
        "PLAIN", validation_alias="KAFKA_SASL_MECHANISM"
    )
    kafka_sasl_username: Annotated[str, AfterValidator(_told_for_sasl)] = Field(
        "", validate_default=True, validation_alias="KAFKA_SASL_USERNAME"
    )
    kafka_sasl_password: Annotated[SecretStr, AfterValidator(_told_for_sasl)] = Field(
        SecretStr(""), validate_default=True, validation_alias="KAFKA_SASL_PASSWORD"
    )
    kafka_ssl_cafile: FilePath | None = Field(
        None, validation_alias="KAFKA_SSL_CAFILE", description="PEM of whom to trust; none: whom the system trusts"
    )
    kafka_ssl_certfile: FilePath | None = Field(
        None,
        validation_alias="KAFKA_SSL_CERTFILE",
        description="PEM of our certificate, where brokers ask for it",
    )
    kafka_ssl_keyfile: FilePath | None = Field(
        None, validation_alias="KAFKA_SSL_KEYFILE", description="PEM of its key, unless it is in the same file"
    )
    kafka_replication_factor: int = Field(
        1,
        ge=1,
        le=9,
        validation_alias="KAFKA_REPLICATION_FACTOR",
        description="of topics that are made here",
    )

    @property
    def kafka(self) -> Kafka:
        """What every client of Kafka is made with."""
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


class ProcessSettings(KafkaSettings):
    """Where the servers are and how this process presents itself."""

    database_url: str = Field(validation_alias="DATABASE_URL", description="postgresql://USER@HOST/DATABASE")
    instance: str = Field("", description="fixed name of this process within its group; empty: a dynamic member")
    host: str = "127.0.0.1"
    health_port: int = Field(0, ge=0, le=65535, description="/livez, /readyz and /metrics for operators; 0: none")
    fetch_pacing: float = Field(0, ge=0, description="seconds between empty fetches; 0: the broker waits")
    log_format: str = Field("console", pattern="^(console|json)$")
    log_level: str = "info"
    relay_shards: int = Field(1, ge=1, le=64)
    relay_inside: bool = Field(True, description="relays run inside the worker; false: apart, as `huying run …-relay`")
    batch_size: int = Field(1000, ge=1, le=10_000)
    dead_letter_limit: int = Field(50, ge=1, description="poison records in a row before a reader stops")
    jurisdictions_dir: Path = Path(__file__).parents[2] / "deploy" / "jurisdictions"
    jurisdictions: str = Field("nanhai", description="packs to serve, with commas between; the first is the default")
    public_url: str = "http://127.0.0.1:8080"


class SecretSettings(ProcessSettings):
    """Beside them, for a process that signs or believes a signature."""

    secret: str = Field(
        min_length=32, description=f"signs links and service calls, and lasts: citizens' codes hang on it; {MAKE_ONE}"
    )


def read(kind: type[Read]) -> Read:
    """Settings from the environment; a wrong value stops the process with the variable's name and what it is for."""
    try:
        return kind()
    except ValidationError as fault:
        for error in fault.errors():
            variable, meaning = _variable(kind, error["loc"])
            print(f"huying: {variable}: {error['msg']}{f' ({meaning})' if meaning else ''}", file=sys.stderr)
        raise SystemExit(78) from None


def _variable(kind: type[BaseSettings], where: tuple[int | str, ...]) -> tuple[str, str]:
    told = str(where[0]) if where else "?"
    for name, field in kind.model_fields.items():
        if told in (name, field.validation_alias):
            variable = str(field.validation_alias or f"{kind.model_config.get('env_prefix', '')}{name}".upper())
            return variable, field.description or ""
    return told, ""
