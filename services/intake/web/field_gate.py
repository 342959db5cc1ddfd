"""The gate of the field-visit pages: finds the member of staff by a cookie, which is given in exchange for a ticket of
the desk."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from fastapi import Request, Response
from starlette.exceptions import HTTPException

from services.intake.web.devices import is_program
from shared.chassis.database.pool import Pool
from shared.contracts.refusals import Code, Refused
from shared.identity.field_sign_in import COOKIE, ROLES, FieldSignIn, state_of
from shared.identity.person import Person
from shared.identity.visitors import Visitor, Visitors
from shared.jurisdiction.jurisdictions import Jurisdictions
from shared.jurisdiction.pack import Pack
from shared.jurisdiction.parts import Unit

DESK: Final = "/desk/field"
"""The page at which routing gives tickets; who is not signed in at the desk signs in there first."""


@dataclass(frozen=True, slots=True)
class FieldStaff:
    """A person who may book demands, with their unit, its jurisdiction, and the form token."""

    person: Person
    unit: Unit
    pack: Pack
    visitor: Visitor


@dataclass(frozen=True, slots=True)
class FieldGate:
    """Reads and sets the cookie of this deployment."""

    sign_in: FieldSignIn
    visitors: Visitors
    packs: Jurisdictions
    pool: Pool

    async def signed_in(self, request: Request) -> FieldStaff:
        """A FastAPI dependency: the signed-in person. Without a session a browser is redirected to the desk, and a
        program gets 401. Raises `Refused` for a role that does not book demands, and for a form without its token."""
        visitor = await self.visitors.visitor(request)
        person = await self._person(request)
        if person is None:
            if is_program(request):
                en = "sign in again: what you booked is kept on this device"
                raise Refused(Code.UNAUTHENTICATED, en, "登录已过期，请重新登录；登记的内容都在本机")
            raise HTTPException(303, "sign in first", {"Location": self.desk(request, visitor)})
        return self._staff(person, visitor)

    async def _person(self, request: Request) -> Person | None:
        session = request.cookies.get(self._name)
        try:
            return await self.sign_in.read(self.pool, session) if session else None
        except Refused as refused:
            if refused.code not in (Code.UNAUTHENTICATED, Code.LINK_EXPIRED):
                raise
            return None

    def _staff(self, person: Person, visitor: Visitor) -> FieldStaff:
        pack = self.packs.of_unit(person.unit)
        unit = pack.unit(person.unit) if pack else None
        if pack is None or unit is None:
            en = f"no jurisdiction here has your unit {person.unit}"
            raise Refused(Code.FORBIDDEN, en, f"本平台没有您的单位 {person.unit}")
        if not person.roles_at(pack.coordinator) & ROLES:
            en = "booking demands on a visit is for clerks, heads of units and dispatchers: ask your administrator"
            raise Refused(Code.FORBIDDEN, en, "走访登记限经办人、单位负责人和派单员使用，需要时请联系管理员")
        return FieldStaff(person, unit, pack, visitor)

    def desk(self, request: Request, visitor: Visitor) -> str:
        """The URL at which a browser gets its ticket."""
        lang = "&lang=en" if request.query_params.get("lang") == "en" else ""
        return f"{DESK}?state={state_of(visitor.secret)}{lang}"

    async def open(self, response: Response, ticket: str, visitor: Visitor) -> None:
        """Set the cookie for the session of a ticket; raises `Refused`."""
        session = await self.sign_in.redeem(self.pool, ticket, state_of(visitor.secret))
        response.set_cookie(self._name, session, max_age=self.sign_in.seconds, **self._kept)

    def close(self, response: Response) -> None:
        """Delete the cookie."""
        response.delete_cookie(self._name, **self._kept)

    @property
    def _name(self) -> str:
        return f"__Host-{COOKIE}" if self.visitors.secure else COOKIE

    @property
    def _kept(self) -> Mapping[str, Any]:
        return {"path": "/", "secure": self.visitors.secure, "httponly": True, "samesite": "lax"}
