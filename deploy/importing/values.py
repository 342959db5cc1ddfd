"""Compiles each declared value once into a function that reads it from a row."""

import re
from collections.abc import Callable
from typing import Final

from deploy.importing.folding import by_folded, looked_up
from deploy.importing.mapping import MappedValue
from deploy.importing.names import Names, NotFound
from deploy.importing.rows import BadRow
from shared.jurisdiction.pack import Pack

Cells = dict[str, str]
ValueOf = Callable[[Cells], str | None]
_SHORTENED: Final = re.compile(r"[1-9](?:\.\d+)?E\+\d\d")
_SHORTENED_WHY: Final = "号码已被 Excel 改写为科学计数法，请填原号码 / Excel shortened this number; write it in full"


def compiled(value: MappedValue, pack: Pack) -> ValueOf:
    """A function that returns the text of this value in a row, or None if it is optional; it raises `BadRow`."""
    if value.always is not None:
        always = value.always
        return lambda _: always
    column = str(value.column)
    empty = _empty(column, value)
    if value.lookup:
        return _looked_up(column, value, Names(pack, value.lookup, value.endings), empty)
    if value.map is not None:
        return _mapped(column, value.map, empty)
    return _plain(column, value.template, empty)


def _empty(column: str, value: MappedValue) -> Callable[[], str | None]:
    def value_of() -> str | None:
        if value.empty is None and not value.optional:
            raise BadRow(column, "", "必填 / must not be empty")
        return value.empty

    return value_of


def _mapped(column: str, table: dict[str, str], empty: Callable[[], str | None]) -> ValueOf:
    values, by_key = ", ".join(table), by_folded(table)

    def value_of(cells: Cells) -> str | None:
        cell = cells[column]
        if not cell:
            return empty()
        code = looked_up(table, by_key, cell)
        if code is None:
            raise BadRow(column, cell, f"不在映射表中 / not one of {values}")
        return code

    return value_of


def _plain(column: str, template: str, empty: Callable[[], str | None]) -> ValueOf:
    as_it_is = template == "{value}"

    def value_of(cells: Cells) -> str | None:
        cell = cells[column]
        if not cell:
            return empty()
        if "E+" in cell and _SHORTENED.fullmatch(cell):
            raise BadRow(column, cell, _SHORTENED_WHY)
        return cell if as_it_is else template.format(value=cell)

    return value_of


def _looked_up(column: str, value: MappedValue, names: Names, empty: Callable[[], str | None]) -> ValueOf:
    def value_of(cells: Cells) -> str | None:
        cell, within = cells[column], cells[value.within] if value.within else ""
        try:
            if cell:
                return names.code(cell, within)
            return names.widest(within) if within else empty()
        except NotFound as unknown:
            place = column if cell else str(value.within)
            raise BadRow(place, cells[place], str(unknown)) from None

    return value_of
