"""A class has a name of its own, so that a reader who meets the name knows which class it is."""

import ast
from collections import defaultdict
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
SHARED: Final = frozenset({"Draft", "Note", "Receipt", "Rule", "Service", "Span", "Verdict", "Words"})
"""Names of two classes: one of each pair is in a published document, where its name may not change, or in the tool that
checks servers of Open311."""


def files_by_class() -> dict[str, list[str]]:
    """The files that define a public class of each name."""
    files = defaultdict(list)
    for folder in ("shared", "services", "deploy"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            for node in ast.parse(path.read_text("utf-8")).body:
                if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                    files[node.name].append(str(path.relative_to(ROOT)))
    return files


def test_no_two_classes_have_one_name():
    duplicates = {name: files for name, files in files_by_class().items() if len(files) > 1 and name not in SHARED}
    assert duplicates == {}, "rename one of each pair by what it holds"


def test_the_listed_names_are_still_shared():
    assert {name for name, files in files_by_class().items() if len(files) > 1} >= SHARED
