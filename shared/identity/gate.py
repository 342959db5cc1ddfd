"""The gate of the pages: who has signed in, as a dependency of every page, and the cookies that say so."""

import hmac
import re
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

from fastapi import Request, Response
from starlette.exceptions import HTTPException

from shared.chassis.base.tokens import Tokens
from shared.chassis.http import response_headers
from shared.contracts.refusals import Code, FieldError, Refused
from shared.identity.field_sign_in import COOKIE as FIELD_COOKIE
from shared.identity.person import Person
from shared.identity.sessions import Session, Sessions, csrf_token
from shared.identity.settings import SignInSettings

SIGN_IN: Final = "/sign-in"
HOME: Final = "/desk"
CSRF_FIELD: Final = "csrf"
CSRF_HEADER: Final = "X-CSRF-Token"
SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
ATTEMPT_SECONDS: Final = 600
_OWN_PATH: Final = re.compile(r"/(?![/\\])[\x21-\x5b\x5d-\x7e]*")


def own_path(path: str) -> str:
    """The path where it is one of ours, else the desk: nobody is led to another host after signing in."""
    return path if len(path) <= 1000 and _OWN_PATH.fullmatch(path) else HOME


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Whoever has signed in; `csrf` goes into every form as the hidden field `csrf`."""

    person: Person
    csrf: str


@dataclass(frozen=True, slots=True)
class Gate:
    """Sets and reads the cookies of one deployment; `secure` where people reach it over https."""

    sessions: Sessions
    attempts: Tokens
    secure: bool

    @classmethod
    def of(cls, settings: SignInSettings, sessions: Sessions) -> "Gate":
        """That of the settings."""
        attempts = Tokens(settings.secret, ATTEMPT_SECONDS, settings.secret_previous)
        return cls(sessions, attempts, settings.public_url.startswith("https://"))

    async def signed_in(self, request: Request) -> SignedIn:
        """For `Depends`: who asks for a page. Leads to `/sign-in` whoever has not signed in; raises `Refused` where an
        unsafe request comes without the CSRF token of its session."""
        response_headers.add(response_headers.PRIVATE)
        secret = self.secret_of(request)
        session = await self.sessions.find(secret) if secret else None
        if secret is None or session is None:
            raise _to_sign_in(request)
        visitor = SignedIn(session.person, csrf_token(secret))
        request.state.visitor = visitor  # for the page that says why something was refused
        if request.method not in SAFE_METHODS:
            await _require_csrf(request, visitor.csrf)
        return visitor

    async def session_of(self, request: Request) -> Session | None:
        """The session of a request, where it has one."""
        secret = self.secret_of(request)
        return await self.sessions.find(secret) if secret else None

    def secret_of(self, request: Request) -> str | None:
        """What the browser holds; it may be worth nothing."""
        return request.cookies.get(self._name("huying"))

    def open(self, response: Response, secret: str) -> None:
        """Let the browser keep a session until it is closed, and forget the attempt."""
        response.set_cookie(self._name("huying"), secret, **self._kept)
        response.delete_cookie(self._name("huying-attempt"), **self._kept)

    def close(self, response: Response) -> None:
        """Let the browser forget its session, and the one of field visits that it was exchanged for."""
        for name in ("huying", FIELD_COOKIE):
            response.delete_cookie(self._name(name), **self._kept)

    def keep_attempt(self, response: Response, attempt: dict[str, str]) -> None:
        """Let the browser keep, signed, what must be known when it comes back from the issuer."""
        sealed = self.attempts.write("sign-in", attempt)
        response.set_cookie(self._name("huying-attempt"), sealed, max_age=ATTEMPT_SECONDS, **self._kept)

    def attempt_of(self, request: Request) -> dict[str, Any] | None:
        """What was kept; None where that is too long ago, or was not ours."""
        try:
            return self.attempts.read("sign-in", request.cookies.get(self._name("huying-attempt"), ""))
        except Refused:
            return None

    def _name(self, name: str) -> str:
        """`__Host-` keeps other hosts of the domain from setting the cookie; browsers take it over https alone."""
        return f"__Host-{name}" if self.secure else name

    @property
    def _kept(self) -> dict[str, Any]:
        return {"path": "/", "secure": self.secure, "httponly": True, "samesite": "lax"}


def _to_sign_in(request: Request) -> HTTPException:
    """A redirect; htmx is told to load the whole page."""
    path = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    back = own_path(path) if request.method in SAFE_METHODS else HOME
    address = f"{SIGN_IN}?next={quote(back, safe='')}"
    if "hx-request" in request.headers:
        return HTTPException(401, "sign in first", {"HX-Redirect": f"{SIGN_IN}?next={quote(HOME, safe='')}"})
    return HTTPException(303, "sign in first", {"Location": address})


async def _require_csrf(request: Request, expected: str) -> None:
    given = request.headers.get(CSRF_HEADER)
    if given is None and request.headers.get("content-type", "").startswith(_FORMS):
        field = (await request.form()).get(CSRF_FIELD)
        given = field if isinstance(field, str) else None
    if given is None or not hmac.compare_digest(given.encode(), expected.encode()):
        en = f"the page is of another session: load it again ({CSRF_HEADER}, or the field {CSRF_FIELD})"
        error = FieldError(CSRF_FIELD, "页面已过期，请重新打开页面后再提交", en)
        raise Refused(Code.FORBIDDEN, en, error.zh, (error,))


_FORMS: Final = ("application/x-www-form-urlencoded", "multipart/form-data")
