"""Makes the values of rows and demands on pages, as the public sees them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from services.reporting.drilldown import steps
from services.reporting.drilldown.handler import OpenedFigure
from services.reporting.figures.completion import Breakdown, above
from services.reporting.figures.domain import Dimension, is_late, is_overdue, standing
from services.reporting.figures.names import NOBODY, name_of
from services.reporting.figures.parameters import By
from services.reporting.figures.queries import Consents, FactSummary
from services.reporting.figures.visibility import seen
from services.reporting.web.words import WORDS, counted_name, status_name
from shared.chassis.base.clock import now
from shared.contracts.demand.state import Demand, is_confidential
from shared.jurisdiction.pack import Pack


@dataclass(frozen=True, slots=True)
class Showing:
    """Makes the values in one language; `channels` holds the names of channels by their ids."""

    pack: Pack
    lang: str
    channels: Mapping[str, str]

    def rows(self, rows: Sequence[Breakdown], by: By) -> list[tuple[str, Breakdown]]:
        """The rows with their names: divisions and categories below their parents, others by size."""
        dimension = Dimension.ALL if by == "month" else Dimension(by)
        match by:
            case "division" | "category":
                ordered = sorted(rows, key=lambda r: (*reversed(above(self.pack, dimension, r.key)), r.key))
            case "month":
                ordered = [*rows]
            case _:
                ordered = sorted(rows, key=lambda r: -r.collected)
        return [(self._named(dimension, row), row) for row in ordered]

    def _named(self, dimension: Dimension, row: Breakdown) -> str:
        return row.month.strftime("%Y-%m") if row.month else self.name(dimension, row.key)

    def name(self, dimension: Dimension, key: str | None) -> str:
        """The name of a row; a dash if it has none."""
        return name_of(self.pack, dimension, key, self.channels, self.lang) if key else NOBODY

    def heading(self, figure: OpenedFigure) -> list[str]:
        """The heading of a figure: its row, its time, and what it counts."""
        row = self.name(figure.dimension, figure.key) if figure.dimension is not Dimension.ALL else ""
        month = figure.month.strftime("%Y-%m") if figure.month else ""
        until = f"{WORDS[self.lang]['until']} {figure.until}" if figure.until else ""
        return [words for words in (row, month, until, counted_name(figure.counted, self.lang)) if words]

    def demand(self, demand: Demand, consents: Consents) -> dict[str, Any]:
        """The values of a demand as the public sees it; what is not shown is empty, and the template leaves it out."""
        words, public = WORDS[self.lang], seen(self.pack, demand, consents)
        category = self.name(Dimension.CATEGORY, public.category) if public.category else ""
        about = words["confidential"] if public.confidential else public.title or category or words["unpublished"]
        return {
            "number": public.number,
            "about": about,
            "confidential": public.confidential,
            "titled": public.title is not None,
            "words_hidden": not public.confidential and public.title is None,
            "division": self.name(Dimension.DIVISION, public.place) if public.place else "",
            "unit": self.name(Dimension.UNIT, public.unit) if public.unit else "",
            "channel": self.name(Dimension.CHANNEL, public.channel) if public.channel else "",
            "status": status_name(standing(demand), self.lang) if public.status else "",
            "tag": demand.status if public.status else "",
            "submitted": local(public.submitted_at, self.pack),
            "due": local(public.due_at, self.pack) if public.due_at else "",
            "late": not public.confidential and (is_late(demand) or is_overdue(demand, now())),
            "imported": public.imported,
        }

    def steps(self, demand: Demand, facts: Sequence[FactSummary]) -> list[tuple[str, str]]:
        """The steps of a demand: when and what; empty for a report (举报)."""
        if is_confidential(demand.kind):
            return []
        return [(local(fact.time, self.pack), steps.words(fact, self.lang)) for fact in steps.public(facts)]


def local(at: datetime | None, pack: Pack) -> str:
    """The moment in the time zone of the jurisdiction."""
    return at.astimezone(ZoneInfo(pack.timezone)).strftime("%Y-%m-%d %H:%M") if at else NOBODY
