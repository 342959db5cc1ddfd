"""The chassis carries any service: it knows no word of citizens' demands, and no path but those of every process."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[2]
FILES: Final = sorted((ROOT / "shared" / "chassis").rglob("*.py"))
BUSINESS: Final = frozenset(
    {
        "broadcast", "channel", "citizen", "complaint", "demand", "dispatcher", "division",
        "hotline", "inbound", "jurisdiction", "open311", "petition", "programme", "rating", "school",
        "staff", "submission", "supporter", "triage", "unit", "vault", "village", "wechat",
        "intake", "routing", "feedback", "reporting",
    }
)  # fmt: skip
"""Words of the services and of what they are about, in the singular; names of services are among them."""
ALLOWED: Final = {
    "unit of work": "the pattern of this name",
    "units of work": "the same",
    "noack().channel": "an attribute of Faust's streams",
    "starlette.routing": "a package",
    "fastapi.routing": "a package",
}
PATHS: Final = frozenset({"/livez", "/readyz", "/metrics", "/docs", "/openapi.json"})
"""What every process, or every API, answers at."""
A_PATH: Final = re.compile(r"""(?<![\w.>)}:/*<#-])/[a-z][\w{}.-]*(?:/[\w{}.-]+)*""")


def relative(path: Path) -> str:
    return str(path.relative_to(ROOT))


def words_of(text: str) -> set[str]:
    """Every word, of identifiers in whatever style too, in small letters and in the singular."""
    for allowed in ALLOWED:
        text = re.sub(re.escape(allowed).replace(r"\ ", "[ _]?"), "", text, flags=re.IGNORECASE)
    parts = re.findall(r"[A-Z]?[a-z]+[0-9]*|[A-Z]+(?![a-z])", text)
    return {word.lower() for part in parts for word in (part, part.removesuffix("s"), re.sub("ies$", "y", part))}


def texts(path: Path) -> Iterator[str]:
    """Every string of a module, its docstrings too; `{}` stands for what is put into one."""
    nodes = list(ast.walk(ast.parse(path.read_text("utf-8"))))
    joined = [node for node in nodes if isinstance(node, ast.JoinedStr)]
    parts = {id(part) for node in joined for part in node.values}
    for node in joined:
        yield "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values)
    for node in nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in parts:
            yield node.value


@pytest.mark.parametrize("path", FILES, ids=relative)
def test_the_chassis_knows_no_word_of_the_services(path: Path):
    assert sorted(words_of(path.read_text("utf-8")) & BUSINESS) == []


@pytest.mark.parametrize("path", FILES, ids=relative)
def test_the_chassis_knows_no_path_of_an_api(path: Path):
    found = {name for text in texts(path) for name in A_PATH.findall(text)}
    assert sorted(name for name in found if not any(name == own or name.startswith(f"{own}/") for own in PATHS)) == []


def test_the_words_are_found_in_names_sentences_and_plurals():
    text = "class DemandRepository: ...  # Staff of two units; rating_links, a UnitOfWork, citizens and operating"
    assert words_of(text) & BUSINESS == {"demand", "staff", "unit", "rating", "citizen"}
