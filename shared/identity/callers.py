"""Authenticates callers who want citizens' data: staff by their tokens, services by tokens valid for a minute."""

from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import Depends

from shared.chassis.base.tokens import SERVICE_MAX_AGE, SERVICE_TOKEN, Tokens
from shared.chassis.database.pool import Pool
from shared.chassis.tracing import spans
from shared.contracts.demand.state import Demand, Service
from shared.contracts.refusals import Code, Refused
from shared.identity import relations
from shared.identity.bearer import bearer
from shared.identity.person import Person
from shared.identity.rights import COMMANDS, READ, REVEAL
from shared.identity.settings import StaffSettings
from shared.identity.staff import StaffBearers
from shared.jurisdiction.jurisdictions import Jurisdictions

OF_A_SERVICE: Final = frozenset({READ, REVEAL})
"""The commands that another service may give: feedback reads a contact immediately before it sends a message."""


@dataclass(frozen=True, slots=True)
class Caller:
    """An authenticated caller; `person` is None for a service."""

    name: str
    person: Person | None = None

    def must_be_a_service(self) -> None:
        """Raise `Refused` if the caller is a person."""
        if self.person is not None:
            raise Refused(Code.FORBIDDEN, "only services of this system may call this", "该接口仅供内部服务使用")


@dataclass(frozen=True, slots=True, eq=False)
class Callers:
    """Reads tokens, and checks what their bearers may do."""

    services: Tokens
    staff: StaffBearers
    packs: Jurisdictions

    @classmethod
    def of(cls, settings: StaffSettings, pool: Pool, packs: Jurisdictions) -> "Callers":
        """With the secrets and the issuer of these settings."""
        services = Tokens(settings.secret, SERVICE_MAX_AGE, settings.secret_previous)
        return cls(services, StaffBearers.of(settings, pool, packs), packs)

    async def __call__(self, token: Annotated[str, Depends(bearer)]) -> Caller:
        return await self.read(token)

    async def read(self, token: str) -> Caller:
        """The caller with this token; raises `Refused`."""
        try:
            claims = self.services.read(SERVICE_TOKEN, token)
        except Refused as refused:
            if refused.code is Code.LINK_EXPIRED:
                en = f"a token of a service is valid for {SERVICE_MAX_AGE} s: make a new one for each request"
                raise Refused(Code.UNAUTHENTICATED, en, "服务凭证已过期，请为每次请求重新生成") from None
            person = await self.staff.read(token)
            return Caller(person.name, person)
        spans.accept()
        return Caller(f"service:{Service(claims['service'])}")

    def may(self, command: str, caller: Caller, demand: Demand) -> bool:
        """Whether the caller may give a command to a demand; a service may read it and see its contact."""
        if caller.person is None:
            return command in OF_A_SERVICE
        pack = self.packs.of_division(demand.division)
        return pack is not None and relations.may(command, caller.person, demand, pack)

    def require(self, command: str, caller: Caller, demand: Demand) -> None:
        """Raise `Refused`, with the rule and whom to ask, if the caller may not give the command."""
        pack = self.packs.of_division(demand.division)
        if caller.person is not None and pack is not None:
            relations.require(command, caller.person, demand, pack)
        elif not self.may(command, caller, demand):
            en = f"{COMMANDS[command].en} is only for staff of the jurisdiction of the demand"
            raise Refused(Code.FORBIDDEN, en, f"“{COMMANDS[command].zh}”仅限该诉求所属辖区的工作人员")
