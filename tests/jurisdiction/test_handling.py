"""Rules of packs on limits and handling, and their defaults."""

from collections.abc import Callable
from pathlib import Path

import pytest

from shared.contracts.demand.facts import RequestKind, Urgency
from shared.jurisdiction.handling import Decider
from shared.jurisdiction.limits import Limit
from shared.jurisdiction.loader import load_pack
from shared.jurisdiction.pack import Pack
from shared.jurisdiction.problems import PackError

Edit = Callable[[str, str, str], Path]
PRESET = "    working_days: {consult: 2, help: 10, suggestion: 10, complaint: 15, report: 15}\n"
ROAD = ("east", "road", RequestKind.HELP)


def with_limits(edit: Edit, words: str) -> Pack:
    return load_pack(edit("limits.yaml", PRESET, PRESET + words))


def complaints(pack: Path) -> list[str]:
    with pytest.raises(PackError) as refused:
        load_pack(pack)
    return [str(problem).removeprefix(f"{pack}/") for problem in refused.value.problems]


def test_a_pack_of_an_earlier_version_has_limits_only_for_the_answer(hamlet: Path):
    limits = load_pack(hamlet).limits_for(*ROAD)
    assert (limits.sign, limits.contact, limits.assist) == (None, None, None)
    assert (limits.source, limits.resolve) == ("county-rules", Limit(working_days=10))


def test_for_each_stage_the_first_exception_that_fits_decides(edit: Edit):
    pack = with_limits(
        edit,
        "    sign: {working_days: 1}\n"
        "    exceptions:\n"
        "      - {category: traffic, vulnerable: true, resolve: {working_days: 4}}\n"
        "      - {category: traffic, sign: {hours: 2}}\n"
        "      - {kind: help, sign: {hours: 9}, resolve: {working_days: 8}}\n",
    )
    default, protected = pack.limits_for(*ROAD), pack.limits_for(*ROAD, vulnerable=True)
    assert (default.sign, default.resolve) == (Limit(hours=2), Limit(working_days=8))
    assert (protected.sign, protected.resolve) == (Limit(hours=2), Limit(working_days=4))
    consultation = pack.limits_for("east", "road", RequestKind.CONSULT)
    assert (consultation.sign, consultation.resolve) == (Limit(hours=2), Limit(working_days=2))


def test_a_category_of_the_vulnerable_makes_every_demand_below_it_so(edit: Edit):
    edit("categories.yaml", "en: Traffic}", "en: Traffic}, vulnerable: true")
    pack = with_limits(edit, "    exceptions:\n      - {vulnerable: true, resolve: {working_days: 1}}\n")
    assert pack.limits_for(*ROAD).resolve == Limit(working_days=1)
    assert pack.is_vulnerable("road")
    assert not pack.is_vulnerable(None)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (
            "    exceptions: [{category: rail, sign: {hours: 1}}]\n",
            "limits.yaml:8: preset 'county-rules': category 'rail'",
        ),
        ("    exceptions: [{urgency: urgent}]\n", "limits.yaml:8: preset 'county-rules': an exception without a limit"),
        ("    sign: {hours: 1, minutes: 5}\n", "limits.yaml:8: presets.county-rules.sign: a limit has exactly one of"),
        ("    sign: {weeks: 1}\n", "limits.yaml:8: presets.county-rules.sign.weeks is not a key"),
        ("    sign: {working_days: 1, outside_hours: no}\n", "limits.yaml:8: presets.county-rules.sign: outside_hours"),
    ],
)
def test_an_invalid_limit_is_reported_with_its_line(edit: Edit, words: str, expected: str):
    messages = complaints(edit("limits.yaml", PRESET, PRESET + words))
    assert any(line.startswith(expected) for line in messages), messages


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ('working_hours: ["9"]\n', "pack.yaml:17: working_hours: '9' is not a span of hours"),
        ('working_hours: ["12:00-09:00"]\n', "pack.yaml:17: working_hours: '12:00-09:00' must begin before it ends"),
        (
            "supervision: {ladder: [{after_working_days: 3}, {after_working_days: 1}]}\n",
            "pack.yaml:17: the steps of an escalation must be in order",
        ),
        (
            "handling: {pause: {reasons: [{code: a, name: {zh: 一, en: A}}, {code: a, name: {zh: 二, en: B}}]}}\n",
            "pack.yaml:17: the code 'a' is in the list twice",
        ),
    ],
)
def test_invalid_rules_of_handling_are_reported_with_their_line(edit: Edit, words: str, expected: str):
    messages = complaints(edit("pack.yaml", "  source: our choice\n", "  source: our choice\n" + words))
    assert any(line.startswith(expected) for line in messages), messages


def test_a_pack_may_keep_a_key_that_never_had_an_effect_and_needs_no_address_of_its_regulation(edit: Edit):
    edit("pack.yaml", "  source: our choice\n", "  source: our choice\nhandling: {pause: {review_every_days: 14}}\n")
    pack = load_pack(edit("limits.yaml", "    url: https://example.org/gazette\n", ""))
    assert pack.limits_for(*ROAD).resolve


def test_a_header_may_have_leaders_and_no_unknown_column(edit: Edit, hamlet: Path):
    text = (hamlet / "units.csv").read_text("utf-8").splitlines()
    rows = [text[0], text[1] + ",leader", *(line + (",县领导" if ",town" in line else ",") for line in text[2:])]
    (hamlet / "units.csv").write_text("\n".join(rows), "utf-8")
    pack = load_pack(hamlet)
    assert [pack.leader_of(unit) for unit in ("hall", "station-east", "desk")] == ["县领导", "县领导", None]
    messages = complaints(edit("units.csv", ",leader", ",boss"))
    assert messages[0].startswith(
        "units.csv:2: the first line must name the columns id,name,level,division_code,kind, and"
    )


def test_nanhai_has_its_own_rules(nanhai: Pack):
    limits = nanhai.limits_for("440605011001", "road-damage", RequestKind.COMPLAINT)
    assert (limits.sign, limits.contact, limits.resolve) == (
        Limit(working_days=1), Limit(working_days=1), Limit(working_days=15),
    )  # fmt: skip
    critical = nanhai.limits_for("440605011001", "road-damage", RequestKind.CONSULT, Urgency.CRITICAL, True)
    assert critical.resolve == Limit(hours=24)
    handling = nanhai.handling
    assert (handling.extension.decider, nanhai.max_extensions) == (Decider.ABOVE, 1)
    assert (handling.contact.required, handling.returning.window) == (True, Limit(working_days=1))
    assert {reason.code for reason in handling.pause.reasons} >= {
        "waiting-for-citizen", "weather", "funds", "other-authority",
    }  # fmt: skip
