"""Defines references to uploaded files, as requests name them."""

from typing import Annotated

from pydantic import Field

from services.intake.attachments.kinds import MAX_ATTACHMENTS
from shared.contracts.wording import Identifier

Reference = Annotated[
    str,
    Field(pattern="^[0-9A-Za-z_-]{16,64}$", examples=["Jb0VyZ6cYb1mWq2x8zR3xA"]),
    Identifier("what intake's store answered"),
]


Attachments = Annotated[
    tuple[Reference, ...],
    Field(
        max_length=MAX_ATTACHMENTS,
        description="what `POST /v1/attachments` answered, each once",
        examples=[["Jb0VyZ6cYb1mWq2x8zR3xA"]],
    ),
]
