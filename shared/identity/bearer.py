"""Reads the bearer token from the header of a request."""

from typing import Annotated

from fastapi import Depends, Header
from fastapi.security import HTTPBearer

from shared.contracts.refusals import Code, Refused

_STAFF = HTTPBearer(
    auto_error=False, description="a token made by `huying staff token` or by the sign-in service / 工作人员凭证"
)


async def bearer(
    authorization: Annotated[str, Header(include_in_schema=False)] = "",
    _documented: Annotated[object, Depends(_STAFF)] = None,
) -> str:
    """The token of the header `Authorization: Bearer …`; raises `Refused` if there is none."""
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise Refused(
            Code.UNAUTHENTICATED,
            "send `Authorization: Bearer TOKEN`; `huying staff token` makes one",
            "请提供 Authorization: Bearer 凭证",
        )
    return token
