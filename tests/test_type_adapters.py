"""Equal fields of FastAPI share a type adapter, and different ones do not."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal

import pytest
from annotated_types import Ge, MaxLen
from fastapi import Body, Query
from pydantic import AfterValidator, BaseModel, Field

from tests.type_adapters import shared


class First(BaseModel):
    """A model."""

    number: int


class Second(BaseModel):
    """Another model with the same fields."""

    number: int


def made_anew() -> Any:
    """A new object that equals the one before, as when an API is built."""
    return Annotated[Sequence[int] | None, Query(description="数"), Field(title="数", examples=[[1]]), MaxLen(3)]


def test_equal_fields_share_one():
    assert shared(made_anew()) is shared(made_anew())
    assert shared(Annotated[First, Body()]) is shared(Annotated[First, Body()])


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (First, Second),
        (First, First | None),
        (Annotated[int, Ge(0)], Annotated[int, Ge(1)]),
        (Annotated[str, Query(max_length=3)], Annotated[str, Query(max_length=4)]),
        (Annotated[str, Query(alias="a")], Annotated[str, Query(alias="b")]),
        (Annotated[str, Field(default="a")], Annotated[str, Field(default=None)]),
        (Annotated[str, Field(examples=["a"])], Annotated[str, Field(examples=["b"])]),
        (Literal[1], Literal[True]),
        (list[Annotated[str, Field(title="a")]], list[Annotated[str, Field(title="b")]]),
        (Annotated[str, AfterValidator(lambda text: text)], Annotated[str, AfterValidator(lambda text: text)]),
    ],
)
def test_other_fields_have_their_own(one: Any, other: Any):
    assert shared(one) is not shared(other)


def test_an_annotation_that_cannot_be_compared_has_its_own():
    def field() -> Any:
        return Annotated[First, Field(default=First(number=1))]

    assert shared(field()) is not shared(field())
    assert shared(field()).validate_python({"number": 2}) == First(number=2)
