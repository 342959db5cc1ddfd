"""Where a figure opens to the demands that it counts."""

from dataclasses import dataclass
from datetime import date
from typing import Final
from urllib.parse import quote, urlencode

from services.reporting.counted import COLLECTED, OVERDUE

API: Final = "/v1/figures/completion/demands"


@dataclass(frozen=True, slots=True)
class Opens:
    """Addresses of the demands behind the rows of one breakdown."""

    jurisdiction: str
    by: str
    month: date | None = None
    until: date | None = None
    path: str = API
    lang: str | None = None

    def row(self, key: str, month: date | None, counted: str = COLLECTED) -> str:
        """Behind one figure of a row; `month` where the row is one of a month."""
        span = month or self.month
        told = {
            "jurisdiction": self.jurisdiction,
            "month": span.strftime("%Y-%m") if span else None,
            "until": self.until,
            "lang": self.lang,
            "counted": counted if counted != COLLECTED else None,
        }
        row = f"by={self.by}&key={quote(key)}&" if key else ""
        return f"{self.path}?{row}{urlencode({name: value for name, value in told.items() if value})}"

    def overdue(self) -> str:
        """Behind what is overdue now, whenever it was raised."""
        return Opens(self.jurisdiction, self.by, path=self.path, lang=self.lang).row("", None, OVERDUE)
