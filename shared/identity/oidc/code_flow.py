"""The sign-in at the issuer: Authorization Code flow with PKCE, state and nonce. Rules: RFC 6749, RFC 7636, RFC 9207,
OpenID Connect Core 1.0 section 3.1 and RP-Initiated Logout 1.0."""

import hashlib
import secrets
from base64 import urlsafe_b64encode
from dataclasses import asdict, dataclass
from typing import Any, Final
from urllib.parse import urlencode

import httpx

from shared.contracts.refusals import Code, Refused
from shared.identity.oidc.claims import ClaimNames, holds_unit, person_of
from shared.identity.oidc.keys import IssuerKeys, Metadata
from shared.identity.oidc.tokens import Claims, IssuerTokens
from shared.identity.person import Person
from shared.identity.settings import SignInSettings
from shared.jurisdiction.jurisdictions import Jurisdictions


@dataclass(frozen=True, slots=True)
class Attempt:
    """The data of one sign-in, which the browser keeps in a signed cookie while the person is at the issuer."""

    state: str
    nonce: str
    verifier: str
    next: str

    @classmethod
    def to(cls, path: str) -> "Attempt":
        """A new attempt, which leads to this path after the sign-in."""
        return cls(secrets.token_urlsafe(24), secrets.token_urlsafe(24), secrets.token_urlsafe(48), path)

    @property
    def cookie(self) -> dict[str, str]:
        """The content of the signed cookie; `Attempt(**cookie)` is the inverse."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class CodeFlow:
    """Our side of the flow, for one issuer and our client there."""

    keys: IssuerKeys
    client_id: str
    client_secret: str
    redirect_uri: str
    """The URL to which the issuer redirects after the sign-in."""
    home: str
    """The URL to which the issuer redirects after the sign-out."""
    scope: str
    names: ClaimNames
    packs: Jurisdictions

    @classmethod
    def of(cls, settings: SignInSettings, keys: IssuerKeys, packs: Jurisdictions) -> "CodeFlow":
        """From the settings."""
        return cls(
            keys,
            settings.oidc_client_id,
            settings.oidc_client_secret.get_secret_value(),
            f"{settings.public_url.rstrip('/')}/sign-in/callback",
            f"{settings.public_url.rstrip('/')}/sign-in",
            settings.oidc_scope,
            ClaimNames.of(settings),
            packs,
        )

    async def address(self, attempt: Attempt) -> str:
        """The URL at the issuer where the person signs in; raises `Refused` if the issuer cannot be reached."""
        challenge = urlsafe_b64encode(hashlib.sha256(attempt.verifier.encode()).digest()).rstrip(b"=").decode()
        query = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": self.redirect_uri,
            "scope": self.scope,
            "state": attempt.state,
            "nonce": attempt.nonce,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        return _with((await self.keys.metadata()).authorization_endpoint, query)

    async def finish(self, attempt: Attempt, code: str) -> tuple[Person, str]:
        """Exchange the code; returns the person and their id token, which the sign-out needs. Raises `Refused`."""
        metadata = await self.keys.metadata()
        answer = await self._exchange(metadata, attempt, code)
        id_token = answer.get("id_token")
        if not isinstance(id_token, str):
            raise _not_signed_in(
                "returned no id token: check that `openid` is in HUYING_OIDC_SCOPE", "没有返回 id_token"
            )
        claims = await IssuerTokens(self.keys).read(id_token, self.client_id, attempt.nonce)
        if not holds_unit(claims, self.names):
            claims |= await self._userinfo(metadata, answer, claims)
        return person_of(claims, self.names, self.packs), id_token

    async def end_address(self, id_token: str) -> str | None:
        """The URL that also ends the session at the issuer; None if the issuer has none."""
        end = (await self.keys.metadata()).end_session_endpoint
        query = {"id_token_hint": id_token, "client_id": self.client_id, "post_logout_redirect_uri": self.home}
        return _with(end, query) if end else None

    async def _exchange(self, metadata: Metadata, attempt: Attempt, code: str) -> Claims:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.redirect_uri,
            "code_verifier": attempt.verifier,
        }
        auth = None
        if self.client_secret and "client_secret_basic" in metadata.token_endpoint_auth_methods_supported:
            auth = httpx.BasicAuth(_form(self.client_id), _form(self.client_secret))
        else:
            form |= {"client_id": self.client_id}
            form |= {"client_secret": self.client_secret} if self.client_secret else {}
        return await self._ask("POST", metadata.token_endpoint, data=form, auth=auth)

    async def _userinfo(self, metadata: Metadata, answer: Claims, claims: Claims) -> Claims:
        """The claims from the userinfo endpoint, if they are about the same person; else empty."""
        token = answer.get("access_token")
        if not metadata.userinfo_endpoint or not isinstance(token, str):
            return {}
        userinfo = await self._ask("GET", metadata.userinfo_endpoint, headers={"Authorization": f"Bearer {token}"})
        return userinfo if userinfo.get("sub") == claims.get("sub") else {}

    async def _ask(self, method: str, url: str, **more: Any) -> Claims:
        try:
            answer = await self.keys.client.request(method, url, headers=_JSON | more.pop("headers", {}), **more)
            claims = answer.json() if answer.is_success else None
        except httpx.RequestError:
            en = "the sign-in service cannot be reached; nothing was changed: try again soon"
            raise Refused(Code.UNAVAILABLE, en, "暂时无法连接登录服务，请稍后重试") from None
        except ValueError:
            claims = None
        if not isinstance(claims, dict):
            raise _not_signed_in("did not confirm the sign-in", "没有确认登录")
        return claims


_JSON: Final = {"Accept": "application/json"}


def _with(url: str, query: dict[str, str]) -> str:
    return f"{url}{'&' if '?' in url else '?'}{urlencode(query)}"


def _form(text: str) -> str:
    """Encode a client id or secret for the Authorization header. Rule: RFC 6749, section 2.3.1."""
    return urlencode({"": text})[1:]


def _not_signed_in(en: str, zh: str) -> Refused:
    return Refused(Code.UNAUTHENTICATED, f"the sign-in service {en}; sign in again", f"登录服务{zh}，请重新登录")
