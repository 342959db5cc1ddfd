"""Lets staff who have signed in at the desk (routing) use the pages of field visits (intake) without a second sign-in.

The desk keeps its sessions in its own database. It gives the browser a ticket that is valid for a minute. Intake
exchanges the ticket for a session of its own: a signed cookie that lasts as long as a staff token, and can be revoked
like one.
"""

import hashlib
import hmac
from dataclasses import dataclass
from typing import Any, Final

from shared.chassis.base.tokens import Tokens
from shared.chassis.database.pool import Pool
from shared.contracts.refusals import Code, Refused
from shared.identity.person import Person, Role
from shared.identity.revocations import Revocable
from shared.identity.settings import SecretSettings
from shared.identity.staff_tokens import identity, refuse_revoked

COOKIE: Final = "huying-field"
TICKET_SECONDS: Final = 60
ROLES: Final = frozenset({Role.CLERK, Role.HEAD, Role.DISPATCHER})
"""The roles that record demands on a visit or take calls."""
_TICKET, _SESSION = "field-ticket", "field-session"


@dataclass(frozen=True, slots=True)
class FieldSignIn:
    """Writes and reads tickets and sessions. A ticket holds the `state` of the browser that asked for it, and is not
    valid in another browser."""

    tickets: Tokens
    sessions: Tokens

    @classmethod
    def of(cls, settings: SecretSettings) -> "FieldSignIn":
        """With the secrets of these settings."""
        seconds = settings.staff_token_hours * 3600
        previous = settings.secret_previous
        return cls(Tokens(settings.secret, TICKET_SECONDS, previous), Tokens(settings.secret, seconds, previous))

    @property
    def seconds(self) -> int:
        """The lifetime of a session in seconds."""
        return int(self.sessions.max_age)

    def ticket(self, person: Person, state: str) -> str:
        """The ticket with which the desk sends a browser back."""
        return self.tickets.write(_TICKET, _claims(person) | {"state": state})

    async def redeem(self, pool: Pool, ticket: str, state: str) -> str:
        """Exchange a ticket for a session; raises `Refused` if the ticket is too old, forged or from another browser,
        or if the person's tokens were revoked."""
        fields, made_at = self.tickets.read_dated(_TICKET, ticket)
        if not hmac.compare_digest(str(fields["state"]).encode(), state.encode()):
            en = "this sign-in was started in another browser: open /field again"
            raise Refused(Code.FORBIDDEN, en, "登录是在另一个浏览器发起的，请重新打开走访登记页面")
        person = _person(fields)
        await refuse_revoked(pool, Revocable(identity(ticket), person.name, person.unit, made_at))
        return self.sessions.write(_SESSION, _claims(person))

    async def read(self, pool: Pool, session: str) -> Person:
        """The person of a session; raises `Refused` if it is forged, too old or revoked."""
        fields, made_at = self.sessions.read_dated(_SESSION, session)
        person = _person(fields)
        await refuse_revoked(pool, Revocable(identity(session), person.name, person.unit, made_at))
        return person


def state_of(secret: str) -> str:
    """The hash that identifies a browser in a ticket; its cookie cannot be computed from it."""
    return hashlib.sha256(b"huying field visits\n" + secret.encode()).hexdigest()[:32]


def _claims(person: Person) -> dict[str, Any]:
    return {"name": person.name, "unit": person.unit, "roles": sorted(person.roles), "subject": person.subject}


def _person(fields: dict[str, Any]) -> Person:
    return Person(fields["name"], fields["unit"], frozenset(fields["roles"]), fields["subject"])
