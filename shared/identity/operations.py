"""How a service is, over HTTP, for administrators alone: what the desk's page of operations asks. No API document."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Response

from shared.chassis.http.response_headers import PRIVATE
from shared.chassis.process.reporter import Reporter
from shared.contracts.refusals import Code, Refused
from shared.identity.bearer import bearer
from shared.identity.person import Person, Role

ADMINISTRATORS_ALONE: Final = Refused(
    Code.FORBIDDEN, "operations are for administrators (role 'admin')", "运行状况仅限管理员（admin 角色）查看"
)


def is_administrator(person: Person) -> bool:
    """Whether somebody looks after the deployment, whatever their unit is."""
    return Role.ADMIN in person.roles


def path_of(service: str) -> str:
    """Where a service answers; each has a path of its own, so that a proxy can tell them apart."""
    return f"/v1/findings/{service}"


def routes(reporter: Reporter, read: Callable[[str], Awaitable[Person]]) -> APIRouter:
    """The one address of a service; `read` says who bears a token, and raises `Refused` where nobody does."""
    router = APIRouter(include_in_schema=False)

    async def administrator(token: Annotated[str, Depends(bearer)]) -> Person:
        person = await read(token)
        if not is_administrator(person):
            raise ADMINISTRATORS_ALONE
        return person

    @router.get(path_of(reporter.service))
    async def findings(response: Response, _: Annotated[Person, Depends(administrator)]) -> dict[str, Any]:
        response.headers.update(PRIVATE)
        return (await reporter.report()).document()

    return router
