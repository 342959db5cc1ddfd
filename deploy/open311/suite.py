"""Examines a server rule by rule; a rule that fails does not stop the examination of the others."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import httpx

from deploy.open311.answers import NotApplicable, Unreadable
from deploy.open311.rules import RULES, Rule
from deploy.open311.server import TestedServer

SHOWN: Final = 5


class CheckOutcome(StrEnum):
    """The result of a rule."""

    PASS = "pass"
    FAIL = "fail"
    NOT_APPLICABLE = "not applicable"


@dataclass(frozen=True, slots=True)
class CheckResult:
    """The result of a rule; `seen` describes the violations, or why it could not be examined."""

    rule: Rule
    outcome: CheckOutcome
    seen: tuple[str, ...] = ()


async def examine(server: TestedServer) -> list[CheckResult]:
    """A verdict for each rule, in order."""
    return [await verdict(rule, server) for rule in RULES]


async def verdict(rule: Rule, server: TestedServer) -> CheckResult:
    """Examine one rule; violations that were found before an interruption count."""
    seen: list[str] = []
    try:
        async for fault in rule.check(server):
            seen.append(fault)
    except NotApplicable as why:
        if not seen:
            return CheckResult(rule, CheckOutcome.NOT_APPLICABLE, (str(why),))
    except Unreadable as fault:
        seen.append(str(fault))
    except httpx.HTTPError as fault:
        seen.append(f"no answer: {fault!r}")
    more = (f"… and {len(seen) - SHOWN} more",) if len(seen) > SHOWN else ()
    return CheckResult(rule, CheckOutcome.FAIL if seen else CheckOutcome.PASS, (*seen[:SHOWN], *more))
