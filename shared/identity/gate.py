"""The gate of the staff pages: checks the session and the CSRF token of each request, and sets the cookies."""

import hmac
import re
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

from fastapi import Request, Response
from starlette.exceptions import HTTPException
from starlette.routing import Match

from shared.chassis.base.tokens import Tokens
from shared.chassis.http import response_headers
from shared.contracts.refusals import Code, FieldError, Refused
from shared.identity import session_cookie
from shared.identity.field_sign_in import COOKIE as FIELD_COOKIE
from shared.identity.person import Person
from shared.identity.sessions import StaffSession, StaffSessions, csrf_token
from shared.identity.settings import SignInSettings

SIGN_IN: Final = "/sign-in"
HOME: Final = "/desk"
CSRF_FIELD: Final = "csrf"
CSRF_HEADER: Final = "X-CSRF-Token"
SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
ATTEMPT_SECONDS: Final = 600
_OWN_PATH: Final = re.compile(r"/(?![/\\])[\x21-\x5b\x5d-\x7e]*")


def own_path(path: str) -> str:
    """The path if it is a path of this site, else the desk: a sign-in must not redirect to another host."""
    return path if len(path) <= 1000 and _OWN_PATH.fullmatch(path) else HOME


@dataclass(frozen=True, slots=True)
class SignedIn:
    """The signed-in person; `csrf` is the value of the hidden field `csrf` in every form."""

    person: Person
    csrf: str


@dataclass(frozen=True, slots=True)
class Gate:
    """Sets and reads the cookies of one deployment; `secure`: people use https."""

    sessions: StaffSessions
    attempts: Tokens
    secure: bool

    @classmethod
    def of(cls, settings: SignInSettings, sessions: StaffSessions) -> "Gate":
        """From the settings."""
        attempts = Tokens(settings.secret, ATTEMPT_SECONDS, settings.secret_previous)
        return cls(sessions, attempts, settings.public_url.startswith("https://"))

    async def signed_in(self, request: Request) -> SignedIn:
        """For `Depends`: the signed-in person. Redirects to `/sign-in` if there is no session; raises `Refused` if an
        unsafe request has no valid CSRF token."""
        response_headers.add(response_headers.PRIVATE)
        secret = self.secret_of(request)
        session = await self.sessions.find(secret) if secret else None
        if secret is None or session is None:
            raise _to_sign_in(request)
        visitor = SignedIn(session.person, csrf_token(secret))
        request.state.visitor = visitor  # for the page that shows a refusal
        if request.method not in SAFE_METHODS:
            await _require_csrf(request, visitor.csrf)
        return visitor

    async def session_of(self, request: Request) -> StaffSession | None:
        """The session of a request, or None."""
        secret = self.secret_of(request)
        return await self.sessions.find(secret) if secret else None

    def secret_of(self, request: Request) -> str | None:
        """The session's secret from the cookie; it may be invalid."""
        return request.cookies.get(self._name(session_cookie.NAME))

    def open(self, response: Response, secret: str) -> None:
        """Set the cookie of a session, and delete the one of the sign-in attempt."""
        response.set_cookie(self._name(session_cookie.NAME), secret, **self._kept)
        response.delete_cookie(self._name("huying-attempt"), **self._kept)

    def close(self, response: Response) -> None:
        """Delete the cookies of the session, and of the field visits' session."""
        for name in (session_cookie.NAME, FIELD_COOKIE):
            response.delete_cookie(self._name(name), **self._kept)

    def keep_attempt(self, response: Response, attempt: dict[str, str]) -> None:
        """Store the data of a sign-in attempt in a signed cookie, until the browser comes back from the issuer."""
        signed = self.attempts.write("sign-in", attempt)
        response.set_cookie(self._name("huying-attempt"), signed, max_age=ATTEMPT_SECONDS, **self._kept)

    def attempt_of(self, request: Request) -> dict[str, Any] | None:
        """The data of the sign-in attempt; None if it is too old or has no valid signature."""
        try:
            return self.attempts.read("sign-in", request.cookies.get(self._name("huying-attempt"), ""))
        except Refused:
            return None

    def _name(self, name: str) -> str:
        """The name of a cookie. With the prefix `__Host-`, other hosts of the domain cannot set it; browsers accept it
        only over https."""
        return f"{session_cookie.SECURE}{name}" if self.secure else name

    @property
    def _kept(self) -> dict[str, Any]:
        return {"path": "/", "secure": self.secure, "httponly": True, "samesite": "lax"}


def _to_sign_in(request: Request) -> HTTPException:
    """A redirect to the sign-in page; for htmx, a header that loads the whole page."""
    path = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    back = own_path(path) if request.method in SAFE_METHODS or _has_page(request) else HOME
    address = f"{SIGN_IN}?next={quote(back, safe='')}"
    if "hx-request" in request.headers:
        return HTTPException(401, "sign in first", {"HX-Redirect": f"{SIGN_IN}?next={quote(HOME, safe='')}"})
    return HTTPException(303, "sign in first", {"Location": address})


def _has_page(request: Request) -> bool:
    """Whether the address to which a form was sent is also the address of its page."""
    scope = {**request.scope, "method": "GET"}
    return any(route.matches(scope)[0] is Match.FULL for route in request.app.routes)


async def _require_csrf(request: Request, expected: str) -> None:
    token = request.headers.get(CSRF_HEADER)
    if token is None and request.headers.get("content-type", "").startswith(_FORMS):
        field = (await request.form()).get(CSRF_FIELD)
        token = field if isinstance(field, str) else None
    if token is None or not hmac.compare_digest(token.encode(), expected.encode()):
        en = f"the page belongs to another session: load it again ({CSRF_HEADER}, or the field {CSRF_FIELD})"
        error = FieldError(CSRF_FIELD, "页面已过期，请重新打开页面后再提交", en)
        raise Refused(Code.FORBIDDEN, en, error.zh, (error,))


_FORMS: Final = ("application/x-www-form-urlencoded", "multipart/form-data")
