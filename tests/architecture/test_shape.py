"""The shape of the code: sizes, names, the one place where something may be done."""

import ast
import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FILES = sorted(path for room in ("services", "shared", "deploy") for path in (ROOT / room).rglob("*.py"))
NAMELESS = {"utils", "util", "helpers", "helper", "common", "misc", "manager"}


def relative(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", FILES, ids=relative)
def test_a_module_is_small_says_what_it_is_for_and_has_a_name(path: Path):
    text = path.read_text("utf-8")
    tree = ast.parse(text)
    assert path.stem not in NAMELESS
    assert ast.get_docstring(tree), "the first line says what the module is responsible for"
    # The list of facts has a class for each and no logic: it grows with every new one.
    assert len(text.splitlines()) <= (800 if path.name == "facts.py" else 250)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert (node.end_lineno or 0) - node.lineno < 60, f"{node.name} is too long"


def places_of(wanted: str) -> set[str]:
    return {relative(path) for path in FILES if wanted in path.read_text("utf-8")}


def test_shared_has_the_rooms_that_were_decided_on():
    rooms = {path.name for path in (ROOT / "shared").iterdir() if (path / "__init__.py").exists()}
    assert rooms == {"chassis", "contracts", "identity", "jurisdiction", "masker", "masking", "web"}


def imported(path: Path) -> set[str]:
    nodes = list(ast.walk(ast.parse(path.read_text("utf-8"))))
    plain = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    return plain | {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)}


def test_masking_needs_nothing_but_the_standard_library_and_check_digits():
    found = {name for path in (ROOT / "shared" / "masking").glob("*.py") for name in imported(path)}
    others = {name for name in found if name.partition(".")[0] not in sys.stdlib_module_names}
    assert {name for name in others if not f"{name}.".startswith("shared.masking.")} <= {"stdnum", "stdnum.iso7064"}


def test_no_possessive_group_of_a_masking_pattern_ends_with_a_repetition():
    """Python before 3.11.5, Debian 12's among them, ends the match of such a group too early (CPython gh-106052)."""
    repetition = r"(?:[+*?]|\{\{?[0-9,]+\}?\})"
    possessive = re.compile(rf"{repetition}\){repetition}\+")
    assert not [path.name for path in (ROOT / "shared" / "masking").glob("*.py") if possessive.search(path.read_text())]


def test_unknown_faults_are_caught_only_where_batches_are_taken_apart_a_reader_is_ended_or_a_page_is_shown():
    taking_apart = {
        "shared/chassis/consumer/delivery.py",
        "shared/chassis/consumer/fetched.py",
        "shared/chassis/consumer/resuming.py",
        "shared/chassis/database/coalescing.py",
        "shared/chassis/work/timers.py",
    }
    ending = {"shared/chassis/consumer/faust_consumer.py", "shared/chassis/consumer/consumer.py"}
    shown = {"shared/chassis/http/page_route.py"}
    assert places_of("except Exception") == taking_apart | ending | shown


def test_an_exception_is_made_where_it_is_raised():
    """A constant that is raised keeps the frames of every time it was raised, with whatever was in them."""
    raised = re.compile(r"raise _?[A-Z][A-Z_]+\b(?!\()")
    assert not [relative(path) for path in FILES if raised.search(path.read_text("utf-8"))]


def test_facts_are_recorded_by_the_handler_of_commands_by_timers_and_by_intents_alone():
    on_command = {"shared/chassis/aggregates/commands.py"}
    later = {f"shared/chassis/work/{name}.py" for name in ("timers", "intent_outcomes")}
    # Submissions come by the hundred, addresses are asked for by the hundred, and share one transaction.
    in_batches = {f"services/intake/submission/{name}.py" for name in ("checked_request", "history_handler")} | {
        "services/intake/personal_data/batches.py"
    }
    assert places_of("work.record(") == on_command | later | in_batches


def test_nobody_sends_to_kafka_but_the_relay():
    assert places_of("producer.send") == {"shared/chassis/relay/batches.py"}
    assert places_of("send_and_wait(") == {"deploy/local/noida.py"}


def test_faust_is_touched_in_one_place():
    assert {place for place in places_of("import faust") if "faust_consumer" not in place} <= {
        "shared/chassis/process/components.py"
    }


def test_no_lock_says_where_its_packages_came_from():
    locks = [*ROOT.glob("requirements*.txt"), *(ROOT / "deploy").rglob("*.txt")]
    locks += [path for room in ("deploy", "tests") for path in (ROOT / room).rglob("package-lock.json")]
    told = {relative(path): path.read_text("utf-8") for path in locks}
    assert "deploy/sdk/typescript/package-lock.json" in told
    assert not [name for name, text in told.items() if '"resolved"' in text or "index-url" in text]


@pytest.mark.parametrize("service", ["intake", "routing", "feedback", "reporting"])
def test_no_two_migrations_of_a_service_have_one_version(service: str):
    folders = (ROOT / "shared/chassis/database/migrations", ROOT / "services" / service / "migrations")
    names = [path.name for folder in folders for path in folder.glob("*.sql")]
    versions = [name.partition("_")[0] for name in names]
    assert len(set(versions)) == len(names), sorted(names)


def test_no_index_of_the_queue_of_intents_is_built_while_writers_wait():
    folders = (ROOT / "shared/chassis/database/migrations", ROOT / "services/feedback/migrations")
    migrations = {path.name: path.read_text("utf-8") for folder in folders for path in folder.glob("*.sql")}
    since = {name: text for name, text in migrations.items() if name >= "20261202"}
    blocking = re.compile(r"CREATE INDEX (?!CONCURRENTLY)[^;]* ON intent ")
    assert not [name for name, text in since.items() if blocking.search(text)]
    apart = {name: re.sub("^--.*", "", text, flags=re.M) for name, text in since.items() if "CONCURRENTLY" in text}
    assert apart
    assert {text.count(";\n") for text in apart.values()} == {1}, "dbmate sends a file at once: one statement in each"
    assert not [name for name in apart if "transaction:false" not in since[name]]
