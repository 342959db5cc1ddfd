"""The settings for identity: secrets, lifetimes of tokens, and the OpenID Connect issuer."""

from collections.abc import Mapping
from typing import Annotated, Final
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr, ValidationInfo

from shared.chassis.base.secrecy import MAKE_ONE, Secret, SecretOrNone
from shared.chassis.base.settings import PUBLIC_URL, ProcessSettings, PublicSettings, noted
from shared.identity.person import Role

LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})


class SecretSettings(ProcessSettings):
    """The settings of a process that signs tokens or checks signatures."""

    secret: Secret = Field(description=f"signs links, staff tokens and calls between services; {MAKE_ONE}")
    secret_previous: SecretOrNone = Field(
        "",
        description="the value of HUYING_SECRET before a change, or after the next one: signatures with it are"
        " accepted, but"
        " none are made; keep it for 400 days after the change, as long as the links in messages are valid",
    )
    lasting_secret: str = Field(
        "",
        description="citizens' secret codes and pseudonyms are derived from it, so it must never change. Empty:"
        " HUYING_SECRET_PREVIOUS, else HUYING_SECRET. Before you change HUYING_SECRET, put its value here",
        json_schema_extra=noted("gateway", "intake-*"),
    )
    staff_token_hours: float = Field(
        12,
        gt=0,
        le=7 * 24,
        description="for how long a token of `huying staff token` is valid",
        json_schema_extra=noted("gateway", "intake-api", "routing-api"),
    )

    @property
    def lasting(self) -> str:
        """The secret for values that must never change."""
        return self.lasting_secret or self.secret_previous or self.secret


_STAFF_APIS: Final = ("gateway", "intake-api", "routing-api")


def _https_or_here(url: str) -> str:
    """Refuse a URL without https, except on this machine: keys and codes must not be readable in transit."""
    parts = urlsplit(url)
    if not url or parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK):
        return url
    raise ValueError(f"{url!r} must begin with https:// (http:// is only for {', '.join(sorted(LOOPBACK))})")


def _role_names(text: str) -> str:
    for part in filter(None, map(str.strip, text.split(","))):
        theirs, equals, ours = part.rpartition("=")
        if not equals or not theirs.strip() or ours.strip() not in set(Role):
            raise ValueError(f"{part!r} must be THEIRS=OURS, where OURS is one of {', '.join(Role)}")
    return text


class StaffSettings(SecretSettings):
    """The settings of a process that serves staff: the issuer whose tokens it accepts in addition to our own."""

    oidc_issuer: Annotated[str, AfterValidator(_https_or_here)] = Field(
        "",
        description="URL of the OpenID Connect issuer where staff sign in, exactly as in the `iss` of its tokens;"
        " empty: none, and only tokens of `huying staff token` are accepted",
        json_schema_extra=noted(*_STAFF_APIS),
    )
    oidc_audience: str = Field(
        "",
        description="the `aud` of the issuer's access tokens that the API accepts; empty: it accepts none",
        json_schema_extra=noted(*_STAFF_APIS),
    )
    oidc_unit_claim: str = Field(
        "unit",
        min_length=1,
        description="claim with the id of the person's unit; a dot separates the names of nested objects",
        json_schema_extra=noted(*_STAFF_APIS),
    )
    oidc_roles_claim: str = Field(
        "roles",
        min_length=1,
        description="claim with the person's roles, such as `realm_access.roles`",
        json_schema_extra=noted(*_STAFF_APIS),
    )
    oidc_name_claim: str = Field(
        "name",
        min_length=1,
        description="claim with the person's name, which is written into facts; it should be unique in the unit",
        json_schema_extra=noted(*_STAFF_APIS),
    )
    oidc_role_names: Annotated[str, AfterValidator(_role_names)] = Field(
        "",
        description="the issuer's names of roles and ours, as `THEIRS=OURS,…`; other roles are ignored."
        " Empty: the issuer uses our names",
        json_schema_extra=noted(*_STAFF_APIS),
    )

    @property
    def role_names(self) -> Mapping[str, str]:
        """Our role by the issuer's name for it."""
        parts = [part.rpartition("=") for part in self.oidc_role_names.split(",") if part.strip()]
        return {theirs.strip(): ours.strip() for theirs, _, ours in parts} or {role: role for role in Role}


_PAGES: Final = ("gateway", "routing-api")


def _only_on_this_machine(demo_staff: bool, info: ValidationInfo) -> bool:
    """Refuse a sign-in without password if the database may hold demands of real people."""
    if demo_staff and info.data.get("oidc_issuer"):
        raise ValueError("lets anybody sign in: remove it, because HUYING_OIDC_ISSUER is set")
    if demo_staff and urlsplit(info.data.get("database_url", "")).hostname not in LOOPBACK:
        raise ValueError("lets anybody sign in: remove it, because DATABASE_URL is on another machine")
    return demo_staff


def _has_public_url(client_id: str, info: ValidationInfo) -> str:
    """Require a public URL with an issuer: the issuer redirects people back to it after the sign-in."""
    issuer, here = urlsplit(info.data.get("oidc_issuer", "")), urlsplit(info.data.get("public_url", ""))
    if client_id and not issuer.hostname:
        raise ValueError("is the name of our client at HUYING_OIDC_ISSUER: set that too")
    if client_id and here.hostname in LOOPBACK and issuer.hostname not in LOOPBACK:
        raise ValueError("needs HUYING_PUBLIC_URL, the address to which the issuer redirects people; set it")
    return client_id


class SignInSettings(StaffSettings, PublicSettings):
    """The settings of the process with the pages where staff sign in."""

    public_url: str = Field(
        "http://127.0.0.1:8080",
        pattern=PUBLIC_URL,
        description=PublicSettings.model_fields["public_url"].description,
        json_schema_extra=noted(*_PAGES),
    )
    oidc_client_id: Annotated[str, AfterValidator(_has_public_url)] = Field(
        "",
        description="name of our client at the issuer, for the pages; empty: nobody can sign in with the issuer."
        " The redirect URI of the client is HUYING_PUBLIC_URL with `/sign-in/callback`",
        json_schema_extra=noted(*_PAGES),
    )
    oidc_client_secret: SecretStr = Field(
        SecretStr(""),
        description="secret of our client; empty: a public client, which only PKCE protects",
        json_schema_extra=noted(*_PAGES),
    )
    oidc_scope: str = Field(
        "openid profile",
        pattern=r"\bopenid\b",
        description="scopes that we request from the issuer, separated by blanks",
        json_schema_extra=noted(*_PAGES),
    )
    session_idle_minutes: float = Field(
        60,
        gt=0,
        le=24 * 60,
        description="minutes without a request after which a session ends",
        json_schema_extra=noted(*_PAGES),
    )
    session_hours: float = Field(
        12, gt=0, le=7 * 24, description="hours after the sign-in when a session ends", json_schema_extra=noted(*_PAGES)
    )
    demo_staff: Annotated[bool, AfterValidator(_only_on_this_machine)] = Field(
        False,
        description="true: made-up people of every role can sign in without a password. `make up` sets it if it"
        " starts the"
        " database and the broker itself. Refused with an issuer, or with a database on another machine",
        json_schema_extra=noted(*_PAGES),
    )
