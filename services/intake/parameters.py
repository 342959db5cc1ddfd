"""Defines the parameters that several of intake's routes have."""

from typing import Annotated, Final

from fastapi import Header, Path, Query
from pydantic import StringConstraints

from shared.contracts.examples import NUMBER
from shared.contracts.numbers import AS_TYPED, DemandNumber

MAX_KEY = 128


Number = Annotated[DemandNumber, Path(examples=[NUMBER], description=AS_TYPED)]

API_KEY_HEADER: Final = "X-API-Key"
CODE_HEADER: Final = "X-Demand-Code"
ApiKey = Annotated[str, Header(alias=API_KEY_HEADER, description="the channel's key; not needed with the code")]


SecretCode = Annotated[str, Header(alias=CODE_HEADER, max_length=32, description="the demand's secret code")]


QueryCode = Annotated[str, Query(alias="code", max_length=32, examples=["7K2M9QXD"], description="the same")]


Key = Annotated[
    str,
    StringConstraints(strip_whitespace=True),
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=MAX_KEY,
        description="repeat it with the request",
        examples=["web-20261124-0001"],
    ),
]
