"""A time must be representable in every time zone and in the database."""

from datetime import UTC, datetime

import pytest
from pydantic import TypeAdapter, ValidationError

from shared.contracts.demand import facts as f
from shared.contracts.event_types import parse
from shared.contracts.moment import Moment
from shared.contracts.refusals import Refused

MOMENT = TypeAdapter(Moment)


@pytest.mark.parametrize("text", ["1900-01-01T00:00:00Z", "2021-05-10T10:00:00+08:00", "2999-12-31T23:59:59Z"])
def test_a_time_in_common_years_is_accepted(text: str):
    assert MOMENT.validate_python(text) == datetime.fromisoformat(text).astimezone(UTC)


@pytest.mark.parametrize(
    "text",
    ["0001-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00", "1899-12-31T23:59:59Z", "9999-12-31T23:59:59-12:00"],
)
def test_a_time_outside_of_the_calendar_is_refused(text: str):
    with pytest.raises(ValidationError, match="1900"):
        MOMENT.validate_python(text)
    with pytest.raises(Refused, match="due_at"):
        parse(f.DemandRouted.wire_type(), f'{{"unit": "u", "rule": "r", "due_at": "{text}"}}')
