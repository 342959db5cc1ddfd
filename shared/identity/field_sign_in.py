"""How staff who have signed in at the desk come to the pages of field visits, which another service serves.

The desk keeps its sessions in its own database. It hands a ticket of a minute to the browser, which intake takes for a
session of its own: a signed cookie, good for as long as a staff token, and revoked as one.
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
"""Who books demands on a visit or takes calls."""
_TICKET, _SESSION = "field-ticket", "field-session"


@dataclass(frozen=True, slots=True)
class FieldSignIn:
    """Writes and reads both; a ticket names the browser that asked for it (`state`) and opens nothing in another."""

    tickets: Tokens
    sessions: Tokens

    @classmethod
    def of(cls, settings: SecretSettings) -> "FieldSignIn":
        """Those that these settings sign and believe."""
        seconds = settings.staff_token_hours * 3600
        previous = settings.secret_previous
        return cls(Tokens(settings.secret, TICKET_SECONDS, previous), Tokens(settings.secret, seconds, previous))

    @property
    def seconds(self) -> int:
        """How long a session is good."""
        return int(self.sessions.max_age)

    def ticket(self, person: Person, state: str) -> str:
        """What the desk sends a browser back with."""
        return self.tickets.write(_TICKET, _told(person) | {"state": state})

    async def redeem(self, pool: Pool, ticket: str, state: str) -> str:
        """The session that a ticket is worth; raises `Refused` where it is too old, forged, another browser's, or its
        person was revoked since."""
        fields, made_at = self.tickets.read_dated(_TICKET, ticket)
        if not hmac.compare_digest(str(fields["state"]).encode(), state.encode()):
            en = "this sign-in was begun in another browser: open /field again"
            raise Refused(Code.FORBIDDEN, en, "登录是在另一个浏览器发起的，请重新打开走访登记页面")
        person = _person(fields)
        await refuse_revoked(pool, Revocable(identity(ticket), person.name, person.unit, made_at))
        return self.sessions.write(_SESSION, _told(person))

    async def read(self, pool: Pool, session: str) -> Person:
        """Whose session it is; raises `Refused` where it is forged, too old or revoked."""
        fields, made_at = self.sessions.read_dated(_SESSION, session)
        person = _person(fields)
        await refuse_revoked(pool, Revocable(identity(session), person.name, person.unit, made_at))
        return person


def state_of(secret: str) -> str:
    """What stands for a browser in a ticket: nobody can work its cookie out from it."""
    return hashlib.sha256(b"huying field visits\n" + secret.encode()).hexdigest()[:32]


def _told(person: Person) -> dict[str, Any]:
    return {"name": person.name, "unit": person.unit, "roles": sorted(person.roles), "subject": person.subject}


def _person(fields: dict[str, Any]) -> Person:
    return Person(fields["name"], fields["unit"], frozenset(fields["roles"]), fields["subject"])
