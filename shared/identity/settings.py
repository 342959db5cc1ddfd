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
        description="what HUYING_SECRET was before, or will be next: believed, never signed with;"
        " keep it for 400 days after the change, as long as the links in messages work",
    )
    lasting_secret: str = Field(
        "",
        description="citizens' secret codes and pseudonyms hang on it, so it never changes. Empty:"
        " HUYING_SECRET_PREVIOUS, else HUYING_SECRET; put the value of HUYING_SECRET here before you change that",
        json_schema_extra=noted("gateway", "intake-*"),
    )
    staff_token_hours: float = Field(
        12,
        gt=0,
        le=7 * 24,
        description="how long a token of `huying staff token` is good, from its making",
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
    raise ValueError(f"{url!r} must begin with https:// (http:// is taken for {' and '.join(sorted(LOOPBACK))} alone)")


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
        description="URL of the OpenID Connect issuer that staff sign in at, exactly as its tokens name it;"
        " empty: none, and only tokens of `huying staff token` are believed",
        json_schema_extra=noted(*_STAFF_APIS),
    )
    oidc_audience: str = Field(
        "",
        description="the `aud` of the issuer's access tokens that the API takes; empty: it takes none",
        json_schema_extra=noted(*_STAFF_APIS),
    )
    oidc_unit_claim: str = Field(
        "unit",
        min_length=1,
        description="claim with the id of the person's unit; a dot leads into an object",
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
        description="claim with the name that stands in the facts; it should be the only one of its kind in the unit",
        json_schema_extra=noted(*_STAFF_APIS),
    )
    oidc_role_names: Annotated[str, AfterValidator(_role_names)] = Field(
        "",
        description="the issuer's roles and ours, as `THEIRS=OURS,…`; others then count for nothing."
        " Empty: they have our names",
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
        raise ValueError("lets anybody in: take it away, since HUYING_OIDC_ISSUER is set")
    if demo_staff and urlsplit(info.data.get("database_url", "")).hostname not in LOOPBACK:
        raise ValueError("lets anybody in: take it away, since DATABASE_URL is not of this machine")
    return demo_staff


def _has_public_url(client_id: str, info: ValidationInfo) -> str:
    """Require a public URL with an issuer: the issuer redirects people back to it after the sign-in."""
    issuer, here = urlsplit(info.data.get("oidc_issuer", "")), urlsplit(info.data.get("public_url", ""))
    if client_id and not issuer.hostname:
        raise ValueError("is the name of our client at HUYING_OIDC_ISSUER, which is not set")
    if client_id and here.hostname in LOOPBACK and issuer.hostname not in LOOPBACK:
        raise ValueError("needs HUYING_PUBLIC_URL, the address to which people come back from the issuer")
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
        description="name of our client at the issuer, for the pages; empty: nobody signs in there."
        " Its redirect URI is HUYING_PUBLIC_URL with `/sign-in/callback`",
        json_schema_extra=noted(*_PAGES),
    )
    oidc_client_secret: SecretStr = Field(
        SecretStr(""),
        description="secret of our client; empty: a public client, which PKCE protects alone",
        json_schema_extra=noted(*_PAGES),
    )
    oidc_scope: str = Field(
        "openid profile",
        pattern=r"\bopenid\b",
        description="what is asked of the issuer, with blanks",
        json_schema_extra=noted(*_PAGES),
    )
    session_idle_minutes: float = Field(
        60,
        gt=0,
        le=24 * 60,
        description="a session ends after so long without a request",
        json_schema_extra=noted(*_PAGES),
    )
    session_hours: float = Field(
        12, gt=0, le=7 * 24, description="a session ends so long after the sign-in", json_schema_extra=noted(*_PAGES)
    )
    demo_staff: Annotated[bool, AfterValidator(_only_on_this_machine)] = Field(
        False,
        description="made-up people of every role may sign in without a password; `make up` sets it where it starts the"
        " database and the broker itself, and it is refused beside an issuer or with a database elsewhere",
        json_schema_extra=noted(*_PAGES),
    )
