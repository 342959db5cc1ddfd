"""Makes the links from figures to the demands that they count."""

from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Final
from urllib.parse import quote

from services.reporting.figures.conditions import COLLECTED, OVERDUE

API: Final = "/v1/figures/completion/demands"


@dataclass(frozen=True, slots=True)
class DrilldownLinks:
    """Links to the demands behind the rows of one breakdown. If `closed`, the rows have no links, but the total still
    has one."""

    jurisdiction: str
    by: str
    month: date | None = None
    until: date | None = None
    path: str = API
    lang: str | None = None
    closed: bool = False

    def row(self, key: str, month: date | None, counted: str = COLLECTED) -> str:
        """The link of one figure of a row; empty if rows are closed. `month` is given if the row is that of a month."""
        if key and self.closed:
            return ""
        row = f"?by={self.by}&key={_quoted(key)}&jurisdiction=" if key else "?jurisdiction="
        counted_parameter = f"&counted={_quoted(counted)}" if counted != COLLECTED else ""
        return f"{self.path}{row}{_quoted(self.jurisdiction)}{self._time(month or self.month)}{counted_parameter}"

    def overdue(self) -> str:
        """The link to all demands that are overdue now, of all months."""
        return DrilldownLinks(self.jurisdiction, self.by, path=self.path, lang=self.lang).row("", None, OVERDUE)

    def _time(self, month: date | None) -> str:
        span = f"&month={month:%Y-%m}" if month else ""
        evening = f"&until={self.until}" if self.until else ""
        return span + evening + (f"&lang={self.lang}" if self.lang else "")


_quoted = lru_cache(maxsize=4096)(quote)
"""Cached, because packs have a few hundred keys and every row of every figure quotes one."""
