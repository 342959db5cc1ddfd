"""The type of points in time: with a time zone, and in the years that all calendars and databases here support."""

import re
from datetime import UTC, datetime
from typing import Annotated, Final

from pydantic import AfterValidator, AwareDatetime, BeforeValidator
from pydantic_core import PydanticCustomError, PydanticKnownError

# The years that reports cover. Near the limits of `datetime`, a change of time zone could overflow.
FIRST: Final = datetime(1900, 1, 1, tzinfo=UTC)
END: Final = datetime(3000, 1, 1, tzinfo=UTC)
RULE_EN: Final = "should lie in the years 1900 to 2999"
RULE_ZH: Final = "应在 1900 年至 2999 年之间"
_NUMBER: Final = re.compile(r"\s*[+-]?\d+(?:\.\d*)?\s*")


def is_supported(at: datetime) -> bool:
    """Whether the time lies within the supported years."""
    return FIRST <= at < END


def _in_supported_years(at: datetime) -> datetime:
    if not is_supported(at):
        raise PydanticCustomError("moment_out_of_range", "{en}", {"en": RULE_EN, "zh": RULE_ZH})
    return at


def _refuse_numbers(value: object) -> object:
    if isinstance(value, int | float) or (isinstance(value, str) and _NUMBER.fullmatch(value)):
        raise PydanticKnownError("datetime_parsing", {"error": "send ISO 8601, such as 2026-11-24T08:00:00+08:00"})
    return value


WRITTEN: Final = BeforeValidator(_refuse_numbers)
"""For times in requests: Pydantic would read a bare number such as 20261124 as seconds since 1970."""
Moment = Annotated[AwareDatetime, AfterValidator(_in_supported_years)]
