"""Visitors who have not signed in: a cookie holds a secret, and each form brings a token that only its pages know.

A form of another site has the cookie of the visitor at most, and never the token, so that it changes nothing here.
"""

import hmac
import secrets
from dataclasses import dataclass
from typing import Any, Final

from fastapi import Request

from shared.chassis.base.settings import PublicSettings
from shared.chassis.http import response_headers
from shared.contracts.refusals import Code, FieldError, Refused
from shared.identity.gate import CSRF_FIELD, CSRF_HEADER, SAFE_METHODS
from shared.identity.sessions import csrf_token

KEPT_SECONDS: Final = 30 * 24 * 3600
"""A phone closes its browser without asking; the pages that it opens again must still work."""
_FORMS: Final = ("application/x-www-form-urlencoded", "multipart/form-data")
_SHORTEST, _LONGEST = 40, 100


@dataclass(frozen=True, slots=True)
class Visitor:
    """Whoever holds the cookie. `secret` never leaves the server but in the cookie; `csrf` goes into every form."""

    secret: str

    @property
    def csrf(self) -> str:
        """The hidden field `csrf` of this visitor's forms."""
        return csrf_token(self.secret)


@dataclass(frozen=True, slots=True)
class Visitors:
    """Sets and reads the cookie of one deployment; `secure` where people reach it over https."""

    secure: bool

    @classmethod
    def of(cls, settings: PublicSettings) -> "Visitors":
        """That of the settings."""
        return cls(settings.public_url.startswith("https://"))

    async def visitor(self, request: Request) -> Visitor:
        """For `Depends`: who asks for a page; whoever is new gets the cookie with the answer. Raises `Refused` where
        an unsafe request comes without the token of its visitor."""
        response_headers.add(response_headers.PRIVATE)
        known = self.known(request)
        if request.method not in SAFE_METHODS:
            await _require_csrf(request, known)
        if known is None:
            known = Visitor(secrets.token_urlsafe(32))
            response_headers.add({"Set-Cookie": self._cookie(known.secret)})
        return known

    def known(self, request: Request) -> Visitor | None:
        """The visitor whose cookie came with the request."""
        secret = request.cookies.get(self._name, "")
        return Visitor(secret) if _SHORTEST <= len(secret) <= _LONGEST and secret.isascii() else None

    @property
    def _name(self) -> str:
        """`__Host-` keeps other hosts of the domain from setting the cookie; browsers take it over https alone."""
        return "__Host-huying-visitor" if self.secure else "huying-visitor"

    def _cookie(self, secret: str) -> str:
        parts = [f"{self._name}={secret}", "Path=/", f"Max-Age={KEPT_SECONDS}", "HttpOnly", "SameSite=Lax"]
        return "; ".join([*parts, "Secure"] if self.secure else parts)


async def _require_csrf(request: Request, known: Visitor | None) -> None:
    given: Any = request.headers.get(CSRF_HEADER)
    if given is None and request.headers.get("content-type", "").startswith(_FORMS):
        given = (await request.form()).get(CSRF_FIELD)
    if known is None or not isinstance(given, str) or not hmac.compare_digest(given.encode(), known.csrf.encode()):
        en = "the page is too old, or the browser keeps no cookies: load the page again and send the form once more"
        zh = "页面已过期，或浏览器禁用了 Cookie：请重新打开页面后再提交"
        raise Refused(Code.FORBIDDEN, en, zh, (FieldError(CSRF_FIELD, zh, en),))
