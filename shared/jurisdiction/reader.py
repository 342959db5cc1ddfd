"""Reads the files of a pack into a draft, and reports all lines with a wrong format at once."""

from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from shared.jurisdiction.documents import check_flat, parse_yaml, read_rows, read_yaml
from shared.jurisdiction.draft import (
    CatalogueFile,
    CategoriesFile,
    HolidaysFile,
    LimitsFile,
    PackFiles,
    PackRow,
    PackSheet,
    TemplatesFile,
)
from shared.jurisdiction.parts import Division, PackModel, Team, Unit
from shared.jurisdiction.problems import PackError, PackProblem
from shared.jurisdiction.profile import Profile

P = TypeVar("P", bound=PackModel)

_ADVICE = {
    "missing": "{where} is missing; add it",
    "extra_forbidden": "{where} is not a key of a pack; remove it or correct its spelling",
    "string_type": "{where} must be text; put it in quotes",
    "int_parsing": "{where} must be a whole number",
    "enum": "{where} must be one of {expected}",
    "date_from_datetime_parsing": "{where} must be a date, such as 2021-10-01",
    "string_pattern_mismatch": "{where}: {input!r} must be a code: small letters, digits and hyphens, such as la-cd-07",
    "string_too_long": "{where} has more than {max_length} characters; shorten it",
    "value_error": "{where}: {reason}",
}
_ADVICE_ZH = {
    "missing": "缺少{where}，请补上",
    "extra_forbidden": "没有“{where}”这一项，请删除或改正拼写",
    "string_type": "{where}应为文字，请加引号",
    "int_parsing": "{where}应为整数",
    "enum": "{where}只能是 {expected} 之一",
    "date_from_datetime_parsing": "{where}应为日期，如 2021-10-01",
    "string_pattern_mismatch": "{where}的“{input}”应为代码：小写字母、数字和连字符，如 la-cd-07",
    "string_too_long": "{where}超过 {max_length} 个字符，请缩短",
    "model_type": "{where}应写成“名称: 值”的形式",
    "tuple_type": "{where}应为列表",
    "bool_parsing": "{where}只能是 true 或 false",
    "bool_type": "{where}只能是 true 或 false",
}


class _Reader:
    """Collects problems and goes on after a broken file, so that one run reports all of them."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self.problems: list[PackProblem] = []

    def sheet(self, name: str, model: type[P]) -> PackSheet[P] | None:
        try:
            document = read_yaml(self._directory / name)
            return PackSheet(document, model.model_validate(document.data))
        except PackError as error:
            self.problems += error.problems
        except ValidationError as error:
            self.problems += [PackProblem(document.spot(e["loc"]), _advice(e)) for e in error.errors()]
        return None

    def rows(self, name: str, model: type[P]) -> list[PackRow[P]]:
        rows: list[PackRow[P]] = []
        try:
            columns, optional = list(model.model_fields), model.optional_columns
            for spot, cells in read_rows(self._directory / name, columns, optional):
                try:
                    rows.append(PackRow(spot, model.model_validate(cells)))
                except ValidationError as error:
                    self.problems += [PackProblem(spot, _advice(e)) for e in error.errors()]
        except PackError as error:
            self.problems += error.problems
        return rows


def read_draft(directory: Path) -> PackFiles:
    """Read all files of a pack; raises `PackError` with all format errors. References are checked later (`checks`)."""
    reader = _Reader(directory)
    profile = reader.sheet("pack.yaml", Profile)
    divisions = reader.rows("divisions.csv", Division)
    units = reader.rows("units.csv", Unit)
    teams = reader.rows("teams.csv", Team)
    categories = reader.sheet("categories.yaml", CategoriesFile)
    catalogue = reader.sheet("catalogue.yaml", CatalogueFile)
    limits = reader.sheet("limits.yaml", LimitsFile)
    holidays = reader.sheet("holidays.yaml", HolidaysFile)
    templates = reader.sheet("templates.yaml", TemplatesFile)
    if reader.problems or not (profile and categories and catalogue and limits and holidays and templates):
        raise PackError(reader.problems)
    return PackFiles(profile, divisions, units, teams, categories, catalogue, limits, holidays, templates)


def read_catalogue(name: str, text: str) -> PackSheet[CatalogueFile]:
    """Parse the text of a `catalogue.yaml`; `name` is its name in error messages. Raises `PackError`."""
    check_flat(name, text)
    document = parse_yaml(name, text)
    try:
        return PackSheet(document, CatalogueFile.model_validate(document.data))
    except ValidationError as error:
        problems = [PackProblem(document.spot(e["loc"]), _advice(e), zh=_advice_zh(e)) for e in error.errors()]
        raise PackError(problems) from None


def _advice(error: ErrorDetails) -> str:
    where = ".".join(str(step) for step in error["loc"] if step != "[key]") or "the file"
    return _filled(_ADVICE.get(error["type"], "{where}: {message}"), where, error)


def _advice_zh(error: ErrorDetails) -> str:
    return _filled(_ADVICE_ZH.get(error["type"], "{where}的值不对"), _where_zh(error["loc"]), error)


def _where_zh(loc: tuple[int | str, ...]) -> str:
    match loc:
        case ():
            return "目录"
        case ("rules", int(at)):
            return f"第 {at + 1} 条规则"
        case ("rules", int(at), *steps):
            return f"第 {at + 1} 条规则的 {'.'.join(map(str, steps))}"
        case _:
            return ".".join(map(str, loc))


def _filled(pattern: str, where: str, error: ErrorDetails) -> str:
    context = error.get("ctx", {})
    return pattern.format(
        where=where,
        message=error["msg"],
        reason=context.get("error"),
        expected=context.get("expected"),
        max_length=context.get("max_length"),
        input=error.get("input"),
    )
