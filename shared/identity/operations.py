"""The endpoint with a service's findings, for administrators; the desk's page of operations calls it."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Response

from shared.chassis.http.response_headers import PRIVATE
from shared.chassis.process.reporter import Reporter
from shared.contracts.refusals import Code, Refused
from shared.identity.bearer import bearer
from shared.identity.person import Person, Role


def is_administrator(person: Person) -> bool:
    """Whether a person is an administrator of the deployment, at any unit."""
    return Role.ADMIN in person.roles


def administrators_alone() -> Refused:
    """The refusal for everybody else."""
    en, zh = "operations are for administrators (role 'admin')", "运行状况仅限管理员（admin 角色）查看"
    return Refused(Code.FORBIDDEN, en, zh)


def path_of(service: str) -> str:
    """The path of a service's findings; each service has its own, so that a proxy can route by path."""
    return f"/v1/findings/{service}"


def dead_letters_of(service: str) -> str:
    """Where a service answers with what it could not handle."""
    return f"{path_of(service)}/dead-letters"


def routes(reporter: Reporter, read: Callable[[str], Awaitable[Person]]) -> APIRouter:
    """The router with these endpoints; `read` returns the person of a token, or raises `Refused`."""
    router = APIRouter(include_in_schema=False)

    async def administrator(token: Annotated[str, Depends(bearer)]) -> Person:
        person = await read(token)
        if not is_administrator(person):
            raise administrators_alone()
        return person

    @router.get(path_of(reporter.service))
    async def findings(response: Response, _: Annotated[Person, Depends(administrator)]) -> dict[str, Any]:
        response.headers.update(PRIVATE)
        return (await reporter.report()).document()

    @router.get(dead_letters_of(reporter.service))
    async def dead_letters(
        response: Response,
        _: Annotated[Person, Depends(administrator)],
        after: Annotated[int, Query(ge=0, lt=2**63)] = 0,
    ) -> dict[str, Any]:
        response.headers.update(PRIVATE)
        return (await reporter.dead_letters(after)).document()

    return router
