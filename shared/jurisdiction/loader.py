"""Loads and checks jurisdiction packs from their folders."""

from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path

from shared.jurisdiction.boundaries import boundaries_of
from shared.jurisdiction.checks import check
from shared.jurisdiction.draft import PackFiles
from shared.jurisdiction.jurisdictions import Jurisdictions
from shared.jurisdiction.pack import Pack
from shared.jurisdiction.problems import FileLine, PackError, PackProblem, ProblemSeverity
from shared.jurisdiction.reader import read_draft
from shared.jurisdiction.settings import JurisdictionSettings

Findings = tuple[PackProblem, ...]


def load_pack(directory: Path) -> Pack:
    """The pack in a folder; raises `PackError` with all errors, each with its file and line."""
    pack, _ = examine(directory)
    return pack


def load_packs(directory: Path, ids: Iterable[str]) -> Jurisdictions:
    """The packs with these ids, each in a folder of its id; raises `PackError` with the errors of all."""
    packs, _ = examine_together(directory / pack_id for pack_id in ids)
    return Jurisdictions(packs)


def packs_of(settings: JurisdictionSettings) -> Jurisdictions:
    """The packs of the settings; raises `PackError`."""
    return served_packs(settings.jurisdictions_dir, settings.jurisdictions)


@cache
def served_packs(directory: Path, ids: str) -> Jurisdictions:
    """The packs with these ids, separated by commas; cached, because the gateway runs four services."""
    return load_packs(directory, filter(None, map(str.strip, ids.split(","))))


def examine(directory: Path) -> tuple[Pack, Findings]:
    """The pack in a folder and its warnings; raises `PackError` with errors and warnings if there is an error."""
    if not directory.is_dir():
        raise PackError([PackProblem(FileLine(str(directory), 1), _missing(directory))])
    draft = read_draft(directory)
    findings = tuple(check(draft))
    _raise_on_error(findings)
    return _pack(draft, directory), findings


def _missing(directory: Path) -> str:
    there = ", ".join(sorted(path.parent.name for path in directory.parent.glob("*/pack.yaml"))) or "none"
    return f"there is no such folder; packs beside it: {there} (HUYING_JURISDICTIONS, HUYING_JURISDICTIONS_DIR)"


def examine_together(
    directories: Iterable[Path], more: Callable[[Path, Pack], Iterable[PackProblem]] = lambda _, __: ()
) -> tuple[tuple[Pack, ...], Findings]:
    """Like `examine`, for all packs of one deployment: it also checks that they do not share codes or ids. `more` are
    further checks, which take too long for the start of a process."""
    packs: dict[Path, Pack] = {}
    findings: list[PackProblem] = []
    for directory in directories:
        try:
            packs[directory], warnings = examine(directory)
            findings += (*warnings, *more(directory, packs[directory]))
        except PackError as error:
            findings += error.problems
    findings += _clashes(packs)
    _raise_on_error(findings)
    return tuple(packs.values()), tuple(findings)


def _raise_on_error(findings: Iterable[PackProblem]) -> None:
    problems = tuple(findings)
    if any(problem.severity is ProblemSeverity.ERROR for problem in problems):
        raise PackError(problems)


def _pack(draft: PackFiles, directory: Path) -> Pack:
    divisions = tuple(row.part for row in draft.divisions)
    return Pack(
        **dict(draft.profile.part),
        divisions=divisions,
        units=tuple(row.part for row in draft.units),
        teams=tuple(row.part for row in draft.teams),
        categories=draft.categories.part.categories,
        rules=draft.catalogue.part.rules,
        usual_limits=draft.catalogue.part.limits,
        limits=dict(draft.limits.part.presets),
        weekly_rest=draft.holidays.part.weekly_rest,
        years=dict(draft.holidays.part.years),
        templates=draft.templates.part.templates,
        boundaries=boundaries_of(directory, divisions),
    )


def _clashes(packs: dict[Path, Pack]) -> Iterator[PackProblem]:
    """Problems with values that must be unique over packs: id (the folder's name), prefix, division codes, unit ids."""
    prefixes: dict[str, Path] = {}
    homes: dict[str, Path] = {}
    offices: dict[str, Path] = {}
    for folder, pack in packs.items():
        spot = FileLine(str(folder / "pack.yaml"), 1)
        name = folder.resolve().name
        if pack.id != name:
            yield PackProblem(spot, f"the id {pack.id!r} must be the name of the folder, {name!r}")
        if (owner := prefixes.setdefault(pack.number_prefix, folder)) != folder:
            yield PackProblem(spot, f"the prefix {pack.number_prefix!r} belongs to {owner}; choose another")
        yield from _taken(spot, folder, "division codes", [place.code for place in pack.divisions], homes)
        yield from _taken(spot, folder, "unit ids", [unit.id for unit in pack.units], offices)


def _taken(spot: FileLine, folder: Path, what: str, names: list[str], owners: dict[str, Path]) -> Iterator[PackProblem]:
    taken = [name for name in names if owners.setdefault(name, folder) != folder]
    if taken:
        yield PackProblem(spot, f"{len(taken)} {what}, such as {taken[0]!r}, already belong to {owners[taken[0]]}")
