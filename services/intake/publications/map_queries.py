"""SQL that counts released demands by division, with the mean of their positions."""

from typing import Final, NamedTuple

from services.intake.publications.list_queries import PublicFilter, list_query
from shared.chassis.database.pool import Connection
from shared.chassis.http.pagination import NEWEST

MOST: Final = 500
"""A map shows at most so many demands, the latest, so that its cost does not grow with all that was ever released."""


class DivisionCount(NamedTuple):
    """The released demands of one division; the position is WGS-84, None if none of them has one."""

    division: str
    demands: int
    lat: float | None
    lon: float | None


async def counts(db: Connection, filter: PublicFilter) -> list[DivisionCount]:
    """The latest released demands of a list, counted by division."""
    question, values = list_query(filter, NEWEST, MOST)
    rows = await db.fetch(
        f"""
        SELECT listed.division, count(*) AS demands, avg(placed.lat) AS lat, avg(placed.lon) AS lon
        FROM ({question}) AS listed JOIN demand_listing AS placed ON placed.id = listed.id
        GROUP BY listed.division ORDER BY listed.division
        """,  # noqa: S608 (a question of this service)
        *values,
    )
    return [DivisionCount(**row) for row in rows]
