"""Finds environment variables that are meant as settings but that this version does not know, such as HUYING_PROT."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final

from shared.chassis.base.findings import Words

PREFIX: Final = "HUYING_"
SETTINGS: Final = frozenset(
    {
        "DATABASE_URL", "DEMO_EXIT", "HUYING_API_KEY", "HUYING_ATTACHMENTS_FOLDER", "HUYING_ATTACHMENTS_S3_KEY_ID",
        "HUYING_ATTACHMENTS_S3_REGION", "HUYING_ATTACHMENTS_S3_SECRET", "HUYING_ATTACHMENTS_S3_URL",
        "HUYING_ATTACHMENT_MAX_FILE", "HUYING_ATTACHMENT_MAX_PICTURE", "HUYING_ATTACHMENT_MAX_PIXELS",
        "HUYING_BATCH_SIZE", "HUYING_BROKER", "HUYING_CLAMAV", "HUYING_DEAD_LETTER_LIMIT", "HUYING_DEMO_STAFF",
        "HUYING_DEPLOYMENT", "HUYING_DESIGN_PAGES", "HUYING_EVENT_STREAMS_PER_CHANNEL", "HUYING_FEEDBACK_URL",
        "HUYING_FETCH_PACING", "HUYING_GATEWAYS", "HUYING_HEALTH_PORT", "HUYING_HOST", "HUYING_INBOX",
        "HUYING_INSTANCE", "HUYING_INTAKE_URL", "HUYING_JURISDICTIONS", "HUYING_JURISDICTIONS_DIR",
        "HUYING_KEEP_ANSWERS_DAYS", "HUYING_KEEP_CONVERSATIONS_DAYS", "HUYING_KEEP_EVENTS_DAYS",
        "HUYING_KEEP_NOUGHTS_DAYS", "HUYING_KEEP_REDRIVEN_DAYS", "HUYING_KEEP_WEBHOOK_DAYS", "HUYING_LASTING_SECRET",
        "HUYING_LOG_FORMAT", "HUYING_LOG_LEVEL", "HUYING_MAIL_HOST", "HUYING_MAIL_PORT", "HUYING_MAIL_PROTOCOL",
        "HUYING_MAP_ATTRIBUTION", "HUYING_MAP_COORDINATES", "HUYING_MAP_TILES", "HUYING_MESSAGES_AT_ONCE",
        "HUYING_NOTIFICATION_FILE", "HUYING_OIDC_AUDIENCE", "HUYING_OIDC_CLIENT_ID", "HUYING_OIDC_CLIENT_SECRET",
        "HUYING_OIDC_ISSUER", "HUYING_OIDC_NAME_CLAIM", "HUYING_OIDC_ROLES_CLAIM", "HUYING_OIDC_ROLE_NAMES",
        "HUYING_OIDC_SCOPE", "HUYING_OIDC_UNIT_CLAIM", "HUYING_OPEN311_CONTACT", "HUYING_OPEN311_OTHER_URL",
        "HUYING_OPEN311_TYPE", "HUYING_PORT", "HUYING_PORTAL_JURISDICTIONS", "HUYING_PORTAL_SENDS_PER_HOUR",
        "HUYING_PUBLIC_URL", "HUYING_RELAY_INSIDE", "HUYING_RELAY_SHARDS", "HUYING_REPORTING_URL", "HUYING_SECRET",
        "HUYING_SECRET_PREVIOUS", "HUYING_SESSION_HOURS", "HUYING_SESSION_IDLE_MINUTES", "HUYING_STAFF_TOKEN_HOURS",
        "HUYING_STATE_DIR", "HUYING_SUGGESTION_MODELS", "HUYING_VAULT_KEY", "HUYING_VAULT_OLD_KEY",
        "HUYING_WEBHOOK_NETWORKS", "HUYING_WECHAT_PICTURE_HOSTS", "KAFKA_BOOTSTRAP_SERVERS", "KAFKA_REPLICATION_FACTOR",
        "KAFKA_SASL_MECHANISM", "KAFKA_SASL_PASSWORD", "KAFKA_SASL_USERNAME", "KAFKA_SECURITY_PROTOCOL",
        "KAFKA_SSL_CAFILE", "KAFKA_SSL_CERTFILE", "KAFKA_SSL_KEYFILE", "OTEL_EXPORTER_OTLP_CERTIFICATE",
        "OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_HEADERS", "OTEL_TRACES_SAMPLER", "OTEL_TRACES_SAMPLER_ARG",
    }
)  # fmt: skip
"""The variables of `docs/settings.md`; a test compares them. They are listed so that a process need not import the
settings of all services."""
_WITHOUT_PREFIX: Final = sorted(name.removeprefix(PREFIX) for name in SETTINGS if name.startswith(PREFIX))
_OURS_ALONE: Final = sorted(name for name in SETTINGS if name.startswith((PREFIX, "KAFKA_")))
"""A name that is much like one of these can only be meant for us: OpenTelemetry, for one, reads many names."""
OF_OTHERS: Final = re.compile(
    r"HUYING_(TEST_\w+|LONG|UPGRADE_FROM"  # the tests
    r"|IMAGE|PUBLISH"  # the file of compose
    r"|(\w+_)?SERVICE_HOST|(\w+_)?SERVICE_PORT(_\w+)?|(\w+_)?PORT_\d+_(TCP|UDP|SCTP)(_\w+)?)"  # Kubernetes
)
"""What the tests, the compose file and Kubernetes (for a Service whose name begins with `huying`) set."""
ALMOST: Final = 0.9
"""How alike another program's variable must be to one of ours to be taken for a mistyped one."""


@dataclass(frozen=True, slots=True)
class UnknownSetting:
    """A variable that nothing reads, and the known one that was perhaps meant."""

    variable: str
    meant: str | None

    @property
    def words(self) -> Words:
        """What is wrong with it, in both languages."""
        if self.meant:
            return Words(f"is not a setting; is {self.meant} meant?", f"不是有效的设置，是否应为 {self.meant}？")
        return Words("is not a setting of this version", "不是本版本的设置")


def unknown_settings(environment: Mapping[str, str]) -> list[UnknownSetting]:
    """The unknown settings of an environment, in the order of their names."""
    suspects = [_suspected(name, value) for name, value in sorted(environment.items())]
    return [suspect for suspect in suspects if suspect]


def _suspected(variable: str, value: str) -> UnknownSetting | None:
    name = variable.upper()  # settings are read in any case
    if name in SETTINGS or OF_OTHERS.fullmatch(name):
        return None
    if name.startswith(PREFIX):
        if name.endswith("_PORT") and "://" in value:  # Kubernetes, as above
            return None
        near = get_close_matches(name.removeprefix(PREFIX), _WITHOUT_PREFIX, 1)
        return UnknownSetting(variable, PREFIX + near[0] if near else None)
    near = get_close_matches(name, _OURS_ALONE, 1, ALMOST)
    return UnknownSetting(variable, near[0]) if near else None
