"""Who asks for what citizens entrusted: staff by their token, another service by a token good for a minute."""

from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import Depends

from shared.chassis.base.tokens import SERVICE_MAX_AGE, SERVICE_TOKEN, Tokens
from shared.chassis.database.pool import Pool
from shared.contracts.demand.state import Demand, Service
from shared.contracts.refusals import Code, Refused
from shared.identity.bearer import bearer
from shared.identity.settings import SecretSettings
from shared.identity.staff_tokens import StaffTokens
from shared.jurisdiction.jurisdictions import Jurisdictions

PERSONAL_DATA: Final = "personal-data"


@dataclass(frozen=True, slots=True)
class Caller:
    """A person at a unit with roles, or a service."""

    name: str
    unit: str = ""
    roles: frozenset[str] = frozenset()
    is_service: bool = False


@dataclass(frozen=True, slots=True)
class Callers:
    """Reads tokens and says what their bearers may see."""

    services: Tokens
    staff: StaffTokens
    pool: Pool
    packs: Jurisdictions

    @classmethod
    def of(cls, settings: SecretSettings, pool: Pool, packs: Jurisdictions) -> "Callers":
        """Those whom these settings believe."""
        services = Tokens(settings.secret, SERVICE_MAX_AGE, settings.secret_previous)
        return cls(services, StaffTokens.of(settings), pool, packs)

    async def __call__(self, token: Annotated[str, Depends(bearer)]) -> Caller:
        return await self.read(token)

    async def read(self, token: str) -> Caller:
        """Who bears this token; raises `Refused`."""
        try:
            told = self.services.read(SERVICE_TOKEN, token)
        except Refused as refused:
            if refused.code is Code.LINK_EXPIRED:
                en = f"a service's token is good for {SERVICE_MAX_AGE} s: make one for each request"
                raise Refused(Code.UNAUTHENTICATED, en, "服务凭证已过期，请为每次请求重新生成") from None
            person = await self.staff.read(self.pool, token)
            return Caller(person.name, person.unit, person.roles)
        return Caller(f"service:{Service(told['service'])}", roles=frozenset({PERSONAL_DATA}), is_service=True)

    def handles(self, caller: Caller, demand: Demand) -> bool:
        """Whether the demand lies, or once lay, with the caller's unit; coordinators handle all of theirs."""
        theirs = caller.unit in (*demand.units, *demand.assisting)
        return caller.is_service or theirs or self.coordinates(caller, demand)

    def coordinates(self, caller: Caller, demand: Demand) -> bool:
        """Whether the caller is one of the coordinator's people where the demand was raised."""
        pack = self.packs.of_division(demand.division)
        return pack is not None and caller.unit == pack.coordinator
