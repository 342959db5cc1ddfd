"""Reads one file of a pack (YAML or CSV), and keeps the line of every value for error messages."""

import csv
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from shared.jurisdiction.problems import FileLine, PackError, PackProblem

try:
    from yaml import CSafeLoader as _SafeLoader
except ImportError:  # PyYAML built without libyaml
    from yaml import SafeLoader as _SafeLoader  # type: ignore[assignment]

Loc = Sequence[int | str]
DEEPEST: Final = 8
"""The most levels of nested lists and mappings; a catalogue has four."""


@dataclass(frozen=True)
class YamlDocument:
    """The data of a YAML file, with the tree of nodes that know their lines."""

    name: str
    data: Any
    root: yaml.Node

    def spot(self, loc: Loc = ()) -> FileLine:
        """The line of the value at `loc`, or of the nearest enclosing value that exists."""
        node, line = self.root, self.root.start_mark.line
        for step in loc:
            child = _step_into(node, step)
            if child is None:
                break
            line, node = child
        return FileLine(self.name, line + 1)


_WITHOUT_DATES = {
    first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith(":timestamp")]
    for first, resolvers in _SafeLoader.yaml_implicit_resolvers.items()
}


class _Loader(_SafeLoader):
    """Leaves dates as text: PyYAML would fail at 30 February without naming the line."""

    yaml_implicit_resolvers = _WITHOUT_DATES


def read_yaml(path: Path) -> YamlDocument:
    """Read a YAML file; raises `PackError` if it is missing, is not YAML, or repeats a key."""
    return parse_yaml(str(path), _text(path))


def check_flat(name: str, text: str) -> None:
    """Raise `PackError` if an untrusted text uses aliases or deep nesting: parsing it could take for ever."""
    depth = 0
    try:
        for event in yaml.parse(text, _Loader):
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if depth > DEEPEST or isinstance(event, yaml.AliasEvent):
                what = f"no anchors (&) and aliases (*), and no more than {DEEPEST} levels: write the rules out"
                spot = FileLine(name, event.start_mark.line + 1 if event.start_mark else 1)
                zh = f"不能使用锚点（&）和引用（*），嵌套不能超过 {DEEPEST} 层：请把规则逐条写出"
                raise PackError([PackProblem(spot, what, zh=zh)])
    except yaml.YAMLError as fault:
        raise PackError([_not_yaml(name, fault)]) from None


def parse_yaml(name: str, text: str) -> YamlDocument:
    """Parse a YAML text; `name` is used in error messages. Raises `PackError` if it is not YAML or repeats a key."""
    loader = _Loader(text)
    try:
        root = loader.get_single_node()
        data = loader.construct_document(root) if root else None
    except yaml.YAMLError as fault:
        raise PackError([_not_yaml(name, fault)]) from None
    finally:
        loader.dispose()
    if root is None:
        raise PackError([PackProblem(FileLine(name, 1), "the file is empty", zh="内容为空")])
    if problems := [_repeated(name, key) for key in _repeated_keys(root)]:
        raise PackError(problems)
    return YamlDocument(name, data, root)


def read_rows(
    path: Path, columns: Sequence[str], optional: Collection[str] = ()
) -> list[tuple[FileLine, dict[str, str]]]:
    """The rows of a CSV file; lines that begin with # are comments, empty cells are left out. The header must name the
    columns in order, and may leave out the `optional` ones. Raises `PackError`."""
    rows = _numbered_rows(_text(path))
    line, header = next(rows, (1, []))
    if header != [column for column in columns if column in header or column not in optional]:
        what = f"the first line must name the columns {','.join(c for c in columns if c not in optional)}"
        if optional:
            what += f", and may name {', '.join(optional)} too"
        raise PackError([PackProblem(FileLine(str(path), line), what)])
    return [(FileLine(str(path), line), _cells(path, line, header, row)) for line, row in rows]


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8-sig")
    except FileNotFoundError:
        raise PackError([PackProblem(FileLine(str(path), 1), "the file is missing; every pack has one")]) from None
    except UnicodeDecodeError as fault:
        line = fault.object[: fault.start].count(b"\n") + 1
        raise PackError([PackProblem(FileLine(str(path), line), "not UTF-8; save the file as UTF-8")]) from None


def _numbered_rows(text: str) -> Iterator[tuple[int, list[str]]]:
    for line, row in enumerate(csv.reader(text.splitlines()), start=1):
        if row and not row[0].startswith("#"):
            yield line, row


def _cells(path: Path, line: int, columns: Sequence[str], row: list[str]) -> dict[str, str]:
    if len(row) != len(columns):
        what = f"{len(row)} cells where the header names {len(columns)} columns"
        raise PackError([PackProblem(FileLine(str(path), line), what)])
    return {column: cell.strip() for column, cell in zip(columns, row, strict=True) if cell.strip()}


def _step_into(node: yaml.Node, step: int | str) -> tuple[int, yaml.Node] | None:
    """The line and the node of one step of a location; for a key, the line of the key."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == str(step):
                return key.start_mark.line, value
    elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        return node.value[step].start_mark.line, node.value[step]
    return None


def _not_yaml(name: str, fault: yaml.YAMLError) -> PackProblem:
    mark = getattr(fault, "problem_mark", None)
    cause = getattr(fault, "problem", None) or str(fault)
    zh = "格式有误（YAML）：请检查这一行和上一行的缩进、冒号、引号和括号"
    return PackProblem(FileLine(name, mark.line + 1 if mark else 1), f"this is no YAML: {cause}", zh=zh)


def _repeated_keys(node: yaml.Node) -> Iterator[yaml.Node]:
    if isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _repeated_keys(item)
    elif isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            if key.value in seen:
                yield key
            seen.add(key.value)
            yield from _repeated_keys(value)


def _repeated(name: str, key: yaml.Node) -> PackProblem:
    what = f"the key {key.value!r} occurs twice here; keep one"
    zh = f"“{key.value}”在同一处写了两次，请只保留一个"
    return PackProblem(FileLine(name, key.start_mark.line + 1), what, zh=zh)
