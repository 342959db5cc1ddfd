"""Checks units and teams: each must be in a known division, and each village needs a station and a team."""

from collections import Counter
from collections.abc import Iterator

from shared.jurisdiction.checks.codes import repeated
from shared.jurisdiction.draft import PackFiles, PackRow
from shared.jurisdiction.parts import STATION, TOWN, Team, Unit, UnitKind
from shared.jurisdiction.problems import PackProblem

_ONE_A_PLACE = (UnitKind.STATION, UnitKind.TOWN)


def check_units(draft: PackFiles) -> Iterator[PackProblem]:
    yield from repeated(draft.units, lambda unit: unit.id, "unit")
    yield from _reserved_ids(draft)
    yield from repeated(draft.teams, lambda team: team.id, "team")
    standing = [row for row in draft.units if row.part.kind in _ONE_A_PLACE]
    yield from repeated(standing, _place_and_kind, "the unit of")
    yield from repeated(draft.teams, lambda team: team.village, "the team of")
    yield from _units_somewhere(draft)
    yield from _teams_of_villages(draft)
    yield from _a_coordinator(draft)
    yield from _villages_left_alone(draft)


def _reserved_ids(draft: PackFiles) -> Iterator[PackProblem]:
    """A problem for units with the ids `station` and `town`: in the catalogue these mean the unit of a division."""
    for row in draft.units:
        if row.part.id in (STATION, TOWN):
            what = (
                f"unit {row.part.id!r}: this id is reserved for the unit of a place in the catalogue; choose another id"
            )
            yield PackProblem(row.spot, what)


def _place_and_kind(unit: Unit) -> str:
    return f"{unit.division_code} ({unit.kind})"


def _units_somewhere(draft: PackFiles) -> Iterator[PackProblem]:
    levels = {row.part.code: row.part.level for row in draft.divisions}
    for row in draft.units:
        place, level = row.part.division_code, row.part.level
        if place not in levels:
            yield PackProblem(row.spot, f"unit {row.part.id!r} stands in {place!r}, which is no division")
        elif level != levels[place]:
            what = f"unit {row.part.id!r} has the level {level!r}, but {place!r} has {levels[place]!r}"
            yield PackProblem(row.spot, what)


def _teams_of_villages(draft: PackFiles) -> Iterator[PackProblem]:
    stationed = draft.profile.part.stationed_level
    villages = {row.part.code for row in draft.divisions if row.part.level == stationed}
    units = {row.part.id for row in draft.units}
    for row in draft.teams:
        if row.part.village not in villages:
            what = f"team {row.part.id!r} stands in {row.part.village!r}, which is no division of the level"
            yield PackProblem(row.spot, f"{what} {stationed!r}")
        yield from _unknown_tiers(row, units)


def _unknown_tiers(row: PackRow[Team], units: set[str]) -> Iterator[PackProblem]:
    team = row.part
    for tier, unit in (
        ("district_unit", team.district_unit),
        ("town_unit", team.town_unit),
        ("village_unit", team.village_unit),
    ):
        if unit not in units:
            yield PackProblem(row.spot, f"team {team.id!r} has the {tier} {unit!r}, which is not in units.csv")


def _a_coordinator(draft: PackFiles) -> Iterator[PackProblem]:
    coordinator = draft.profile.part.coordinator
    unit = next((row.part for row in draft.units if row.part.id == coordinator), None)
    if unit is None or unit.kind is not UnitKind.COORDINATOR:
        what = f"coordinator {coordinator!r} must be a unit of the kind coordinator in units.csv"
        yield PackProblem(draft.profile.spot(("coordinator",)), what)


def _villages_left_alone(draft: PackFiles) -> Iterator[PackProblem]:
    stationed = draft.profile.part.stationed_level
    stations = Counter(row.part.division_code for row in draft.units if row.part.kind is UnitKind.STATION)
    teams = Counter(row.part.village for row in draft.teams)
    for row in draft.divisions:
        if row.part.level != stationed:
            continue
        name = f"{row.part.code} {row.part.name}"
        if not stations[row.part.code]:
            yield PackProblem(row.spot, f"{name} has no station; add a line of the kind station to units.csv")
        if not teams[row.part.code]:
            yield PackProblem(row.spot, f"{name} has no team; add a line to teams.csv")
