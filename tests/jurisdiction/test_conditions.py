"""Conditions of rules, warnings about rules that can never decide, and explanations of decisions."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from shared.contracts.demand.facts import ChannelKind, RequestKind
from shared.jurisdiction.catalogue import Assignment, Undecided
from shared.jurisdiction.checks.catalogue import check_version
from shared.jurisdiction.conditions import Condition, RoutingInput
from shared.jurisdiction.explanation import RuleResult, explain
from shared.jurisdiction.pack import Pack
from shared.jurisdiction.problems import PackError, ProblemSeverity
from shared.jurisdiction.reader import read_catalogue
from tests.packs import nanhai

VILLAGE = "440605011001"
STATION = f"station-{VILLAGE}"
FRIDAY = datetime(2021, 5, 14, 10, 0, tzinfo=ZoneInfo("Asia/Shanghai"))
SUNDAY = datetime(2021, 5, 16, 10, 0, tzinfo=ZoneInfo("Asia/Shanghai"))
CASE = RoutingInput(
    VILLAGE, "road-damage", RequestKind.HELP, ChannelKind.WEB, words="路面塌陷 早上又塌了一块", at=FRIDAY
)
PLAIN = "  - {id: plain, match: {category: road-damage}, lead: station}\n"


def with_rules(*rules: str) -> Pack:
    """Nanhai with these rules, and one for road damage behind them."""
    sheet = read_catalogue("catalogue.yaml", text(*rules))
    return nanhai().with_catalogue(sheet.part.rules, sheet.part.limits)


def text(*rules: str) -> str:
    return "limits: guangdong-2022\nrules:\n" + "".join(f"  - {rule}\n" for rule in rules) + PLAIN


def rule_of(pack: Pack, case: RoutingInput) -> str | None:
    findings = pack.decide(case)
    return findings.rule_id if isinstance(findings, Assignment) else None


@pytest.mark.parametrize(
    ("condition", "other"),
    [
        ("keywords: [塌陷, 断裂]", {"words": "路面有坑"}),
        ("channel: web", {"channel": ChannelKind.HOTLINE}),
        ("vulnerable: false", {"vulnerable": True}),
        ("working_day: true", {"at": SUNDAY}),
        ('hours: "08:30-17:30"', {"at": FRIDAY.replace(hour=18)}),
        ('hours: "22:00-10:01"', {"at": FRIDAY.replace(hour=10, minute=1)}),
        ("kind: help", {"kind": RequestKind.CONSULT}),
        ('division: "440605011000"', {"division": "440605126222"}),
    ],
)
def test_a_rule_fits_only_where_its_condition_is_met(condition: str, other: dict[str, object]):
    pack = with_rules(f"{{id: special, match: {{category: road-damage, {condition}}}, lead: nh-transport}}")
    assert rule_of(pack, CASE) == "special"
    assert rule_of(pack, CASE._replace(**other)) == "plain"  # type: ignore[arg-type]


def test_a_rule_without_a_category_fits_demands_of_every_category_and_of_none():
    pack = with_rules("{id: gas-leak, match: {keywords: [煤气泄漏]}, lead: nh-fire-rescue}")
    leak = CASE._replace(words="厨房煤气泄漏")
    assert [rule_of(pack, leak._replace(category=code)) for code in ("road-damage", "noise", None)] == ["gas-leak"] * 3
    assert isinstance(pack.decide(CASE._replace(category=None)), Undecided)


def test_a_catalogue_without_new_conditions_keeps_its_version():
    sheet = read_catalogue("catalogue.yaml", text())
    same = nanhai().with_catalogue(nanhai().rules, nanhai().usual_limits)
    assert same.catalogue_version == nanhai().catalogue_version
    assert nanhai().with_catalogue(sheet.part.rules, sheet.part.limits).catalogue_version != same.catalogue_version


@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        ("keywords: [塌]", "keywords: [塌陷]"),
        ('hours: "08:00-18:00"', 'hours: "09:00-12:00"'),
        ('hours: "20:00-08:00"', 'hours: "22:00-06:00"'),
        ("channel: hotline", "channel: hotline, vulnerable: true"),
    ],
)
def test_a_rule_that_an_earlier_one_always_precedes_is_named(earlier: str, later: str):
    def findings(one: str, other: str) -> list[str]:
        rules = (f"{{id: {name}, match: {{category: road-damage, {condition}}}, lead: nh-transport}}"
                 for name, condition in (("first", one), ("second", other)))  # fmt: skip
        found_findings = check_version(read_catalogue("c", text(*rules)), nanhai())
        return [problem.message for problem in found_findings if problem.severity is ProblemSeverity.ERROR]

    assert findings(earlier, later) == [
        "rule 'second' can never match, because 'first' on line 3 matches everything that it does; move it before"
        " that rule, or remove it"
    ]
    assert findings(later, earlier) == []


def test_overlapping_rules_and_uncovered_categories_are_warnings():
    rules = (
        "{id: reports, match: {category: parking, kind: report}, lead: nh-police}",
        '{id: dali, match: {category: parking, division: "440605125000"}, lead: town}',
    )
    findings = check_version(read_catalogue("c", text(*rules)), nanhai())
    assert {problem.severity for problem in findings} == {ProblemSeverity.WARNING}
    messages = [problem.message for problem in findings]
    assert any(
        message.startswith("rule 'reports' overlaps with 'dali', which have other units") for message in messages
    )
    assert any("category 'parking' has only rules with conditions, 'reports', 'dali'" in m for m in messages)
    assert any("no rule covers category 'noise'" in message for message in messages)


@pytest.mark.parametrize("spoilt", ['hours: "25:00-06:00"', 'hours: "06:00-06:00"', "channel: fax", "keyword: [x]"])
def test_an_invalid_condition_is_refused_with_its_line(spoilt: str):
    with pytest.raises(PackError, match=r"^draft:3: rules\.0\.match"):
        read_catalogue("draft", text(f"{{id: x, match: {{{spoilt}}}, lead: station}}"))


@pytest.mark.parametrize("bomb", ["a: &x [1]\nb: *x\n", "[" * 2000 + "]" * 2000])
def test_yaml_with_references_or_very_deep_nesting_is_refused(bomb: str):
    with pytest.raises(PackError, match="no anchors"):
        read_catalogue("draft", bomb)


def test_an_explanation_says_of_every_rule_which_condition_failed_first():
    pack = with_rules(
        "{id: noise, match: {category: noise}, lead: nh-urban-management}",
        "{id: by-phone, match: {category: road-damage, channel: hotline}, lead: nh-transport}",
        "{id: broken, match: {category: road-damage, keywords: [断裂]}, lead: nh-transport}",
        "{id: sunk, match: {category: road-damage, keywords: [塌陷]}, lead: nh-transport}",
    )
    explanation = explain(pack.catalogue, CASE)
    assert (explanation.rule, explanation.unclear) == ("sunk", None)
    assert [(rule.rule, rule.outcome, rule.failed, rule.wanted, rule.actual) for rule in explanation.rules] == [
        ("noise", RuleResult.FAILED, Condition.CATEGORY, "noise", "road-damage"),
        ("by-phone", RuleResult.FAILED, Condition.CHANNEL, "hotline", "web"),
        ("broken", RuleResult.FAILED, Condition.KEYWORDS, "断裂", None),
        ("sunk", RuleResult.DECIDED, None, None, None),
        ("plain", RuleResult.LATER, None, None, None),
    ]
    assert [rule.keyword for rule in explanation.rules] == [None, None, None, "塌陷", None]
