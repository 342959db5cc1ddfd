"""The settings that every process has, read once from its environment."""

import sys
from pathlib import Path
from typing import Final, TypeVar

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

MAKE_ONE: Final = "make one with `openssl rand -base64 48` and keep it"
Read = TypeVar("Read", bound=BaseSettings)


class ProcessSettings(BaseSettings):
    """Where the servers are and how this process presents itself."""

    model_config = SettingsConfigDict(env_prefix="HUYING_", extra="ignore")

    database_url: str = Field(validation_alias="DATABASE_URL", description="postgresql://USER@HOST/DATABASE")
    kafka_bootstrap_servers: str = Field("127.0.0.1:9092", validation_alias="KAFKA_BOOTSTRAP_SERVERS")
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
    jurisdictions: str = Field("nanhai,losangeles", description="packs to load; the first is the default")
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
