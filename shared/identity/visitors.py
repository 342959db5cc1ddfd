"""CSRF protection for visitors without a sign-in: a cookie holds a secret, and each form a token derived from it.

A form on another site can send the visitor's cookie, but not the token, so its requests are refused.
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
from shared.identity.session_cookie import seems_signed_in
from shared.identity.sessions import csrf_token

KEPT_SECONDS: Final = 30 * 24 * 3600
"""The lifetime of the cookie. Phones close their browsers often; pages that are opened again must still work."""
_FORMS: Final = ("application/x-www-form-urlencoded", "multipart/form-data")
_SHORTEST, _LONGEST = 40, 100


@dataclass(frozen=True, slots=True)
class Visitor:
    """A visitor. `secret` is sent only in the cookie; `csrf` is sent in every form. `is_staff`: the browser seems to be
    signed in at the desk, so that pages show the way back to it."""

    secret: str
    is_staff: bool = False

    @property
    def csrf(self) -> str:
        """The value of the hidden field `csrf` in this visitor's forms."""
        return csrf_token(self.secret)


@dataclass(frozen=True, slots=True)
class Visitors:
    """Sets and reads the cookie of one deployment; `secure`: people use https."""

    secure: bool

    @classmethod
    def of(cls, settings: PublicSettings) -> "Visitors":
        """From the settings."""
        return cls(settings.public_url.startswith("https://"))

    async def visitor(self, request: Request) -> Visitor:
        """For `Depends`: the visitor of a request; a new visitor gets the cookie with the response. Raises `Refused` if
        an unsafe request has no valid CSRF token."""
        response_headers.add(response_headers.PRIVATE)
        visitor = self.known(request)
        if request.method not in SAFE_METHODS:
            await _require_csrf(request, visitor)
        if visitor is None:
            visitor = Visitor(secrets.token_urlsafe(32), seems_signed_in(request))
            response_headers.add({"Set-Cookie": self._cookie(visitor.secret)})
        return visitor

    def known(self, request: Request) -> Visitor | None:
        """The visitor of the request's cookie; None without a valid cookie."""
        secret = request.cookies.get(self._name, "")
        is_valid = _SHORTEST <= len(secret) <= _LONGEST and secret.isascii()
        return Visitor(secret, seems_signed_in(request)) if is_valid else None

    @property
    def _name(self) -> str:
        """The name of the cookie. With the prefix `__Host-`, other hosts of the domain cannot set it; browsers accept
        it only over https."""
        return "__Host-huying-visitor" if self.secure else "huying-visitor"

    def _cookie(self, secret: str) -> str:
        parts = [f"{self._name}={secret}", "Path=/", f"Max-Age={KEPT_SECONDS}", "HttpOnly", "SameSite=Lax"]
        return "; ".join([*parts, "Secure"] if self.secure else parts)


async def _require_csrf(request: Request, visitor: Visitor | None) -> None:
    token: Any = request.headers.get(CSRF_HEADER)
    if token is None and request.headers.get("content-type", "").startswith(_FORMS):
        token = (await request.form()).get(CSRF_FIELD)
    if visitor is None or not isinstance(token, str) or not hmac.compare_digest(token.encode(), visitor.csrf.encode()):
        en = "the page has expired, or the browser does not accept cookies: load the page again and send the form again"
        zh = "页面已过期，或浏览器禁用了 Cookie：请重新打开页面后再提交"
        raise Refused(Code.FORBIDDEN, en, zh, (FieldError(CSRF_FIELD, zh, en),))
