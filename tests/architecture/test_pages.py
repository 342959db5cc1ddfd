"""Pages run nothing that is written into them, load nothing from another host, and take their parts from one place."""

import re
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[2]
ROOMS: Final = ("services", "shared", "deploy")
TEMPLATES: Final = sorted(path for room in ROOMS for path in (ROOT / room).rglob("templates/**/*.html"))
ASSETS: Final = sorted(path for path in (ROOT / "shared/web/assets").iterdir() if path.suffix in (".css", ".js"))
MACROS: Final = sorted((ROOT / "shared/web/templates/macros").glob("*.html"))
FORBIDDEN: Final = {
    "an inline style": r"""\sstyle\s*=|<style\b""",
    "an inline handler": r"""\s(?:on[a-z]+|hx-on[\w:.-]*)\s*=""",
    "an inline script": r"""<script\b(?![^>]*\ssrc=)|javascript:""",
    "text that is not escaped": r"""\|\s*safe\b|\bautoescape\b""",
    "code for htmx": r"""hx-(?:vals|vars|headers)\s*=\s*["']js:|hx-trigger\s*=\s*["'][^"']*\[""",
}
ANOTHER_HOST: Final = r"""(?:https?:)?//(?!\s)[\w.-]+\.\w+|(?:src|href|action)\s*=\s*["'](?:https?:)?//|url\(|@import"""
MACRO: Final = re.compile(r"^{% macro ([a-z]\w*)\(", re.MULTILINE)


def relative(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_there_are_templates_of_the_common_look_and_of_services():
    assert {path.relative_to(ROOT).parts[0] for path in TEMPLATES} == {"services", "shared"}


@pytest.mark.parametrize("path", TEMPLATES, ids=relative)
def test_a_template_holds_nothing_that_the_content_policy_forbids(path: Path):
    text = path.read_text("utf-8")
    assert [what for what, pattern in FORBIDDEN.items() if re.search(pattern, text)] == []


@pytest.mark.parametrize("path", [*TEMPLATES, *ASSETS], ids=relative)
def test_nothing_is_loaded_from_another_host(path: Path):
    text = re.sub(r"^\s*//.*$|\s// .*$", "", path.read_text("utf-8"), flags=re.MULTILINE)
    assert re.findall(ANOTHER_HOST, text) == []


@pytest.mark.parametrize("path", MACROS, ids=relative)
def test_a_macro_says_what_its_parameters_are_and_is_shown_at_design(path: Path):
    text = path.read_text("utf-8")
    shown = "".join(page.read_text("utf-8") for page in (ROOT / "shared/web/templates").glob("design/*.html"))
    frame = (ROOT / "shared/web/templates/base.html").read_text("utf-8")
    own = {"csrf_field"}  # inside of other macros
    for found in MACRO.finditer(text):
        name = found.group(1)
        assert text[: found.start()].endswith("-#}\n"), f"{name} has no comment"
        assert name in own or re.search(rf"\.{name}\(", shown + frame), f"{name} is on no design page"


@pytest.mark.parametrize(
    "words",
    [
        '<p style="color: red">', '<b onclick="x()">', "<script>x()</script>", "{{ words | safe }}",
        "<button hx-on:click='x()'>", '<a href="javascript:x()">',
    ],
)  # fmt: skip
def test_what_is_forbidden_is_found(words: str):
    assert any(re.search(pattern, words) for pattern in FORBIDDEN.values())


@pytest.mark.parametrize("words", ['<img src="//cdn.example/x.png">', "@import 'x'", 'fetch("https://a.example")'])
def test_another_host_is_found(words: str):
    assert re.search(ANOTHER_HOST, words)
