"""Units over HTTP: whom a case may be routed, returned or transferred to, by their names."""

from collections.abc import Awaitable, Callable, Iterator
from itertools import islice
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict, Field

from shared.contracts.examples import UNIT, with_examples
from shared.contracts.refusals import Code, FieldError, Refused
from shared.contracts.text import Text
from shared.identity.person import Person
from shared.jurisdiction.jurisdictions import Jurisdictions
from shared.jurisdiction.parts import UnitKind
from shared.jurisdiction.unit_listing import ListedUnit, listed_units

Words = Annotated[Text, Query(max_length=100, description="words of the id, the name or the place; all must be found")]
After = Annotated[str, Query(max_length=100, description="`after` of the page before")]
Limit = Annotated[int, Query(ge=1, le=500)]


class UnitEntry(BaseModel):
    """A unit that handles demands; `id` is what commands name it by."""

    model_config = ConfigDict(from_attributes=True)

    jurisdiction: str = Field(examples=["nanhai"])
    id: str = Field(examples=[UNIT])
    name: str = Field(examples=["鹤峰村驻点直联工作站"])
    kind: UnitKind
    level: str = Field(examples=["village"], description="of its division, in the words of the pack")
    division: str = Field(examples=["440605126222"])
    division_name: str = Field(examples=["鹤峰村"])
    above: str | None = Field(examples=["town-440605126000"], description="the nearest unit above; null: none")
    above_name: str | None = Field(examples=["里水镇人民政府"])


class UnitPage(BaseModel):
    """A page of units in the order of the pack; ask again with `after` for the next, null on the last."""

    model_config = ConfigDict(
        json_schema_extra=with_examples(
            {
                "units": [
                    {
                        "jurisdiction": "nanhai", "id": UNIT, "name": "鹤峰村驻点直联工作站", "kind": "station",
                        "level": "village", "division": "440605126222", "division_name": "鹤峰村",
                        "above": "town-440605126000", "above_name": "里水镇人民政府",
                    }
                ],
                "after": UNIT,
            }
        )
    )  # fmt: skip

    units: list[UnitEntry]
    after: str | None


def routes(packs: Jurisdictions, staff: Callable[[str], Awaitable[Person]]) -> APIRouter:
    """The list of units, for staff."""
    router = APIRouter(tags=["routing"], prefix="/v1/units", dependencies=[Depends(staff)])

    @router.get("")
    async def list_units(text: Words = "", after: After = "", limit: Limit = 200) -> UnitPage:
        """Units by the words of their names and places, with the unit above each."""
        units = listed_units(packs, text)
        if after:
            _skip_to(after, units)
        page = list(islice(units, limit + 1))
        shown_units = [UnitEntry.model_validate(unit) for unit in page[:limit]]
        return UnitPage(units=shown_units, after=page[limit - 1].id if len(page) > limit else None)

    return router


def _skip_to(after: str, units: Iterator[ListedUnit]) -> None:
    """Leave what the pages before have shown."""
    if not any(unit.id == after for unit in units):
        error = FieldError(
            "after", "不是本接口给出的游标", "is not a cursor: send the `after` of the previous page unchanged"
        )
        raise Refused(Code.INVALID, f"after: {error.en}", f"after：{error.zh}", (error,))
