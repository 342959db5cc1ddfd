"""Decides on the commands about the publication of a case; pure."""

from collections.abc import Mapping, Sequence
from typing import Final

from services.routing.cases import commands as c
from services.routing.cases.decisions.situation import Situation, illegal, invalid
from services.routing.publications.domain import PublicationState, without_listed
from shared.contracts.demand import facts as f
from shared.contracts.demand.state import Demand
from shared.contracts.wording import Masks, masked
from shared.jurisdiction.pack import Pack
from shared.jurisdiction.release import ReleaseBar, ReleaseRules, release_bar

NOTHING: Final = PublicationState()
_BARRED: Final[Mapping[ReleaseBar, tuple[str, str]]] = {
    ReleaseBar.NO_RULES: ("this jurisdiction publishes nothing", "本辖区没有公开规则，不公开诉求"),
    ReleaseBar.REPORT: ("a report is never published", "举报一律不公开"),
    ReleaseBar.KIND: ("this jurisdiction does not publish this kind of demand", "本辖区不公开此类诉求"),
    ReleaseBar.REFUSED: ("the citizen has refused publication", "群众不同意公开"),
    ReleaseBar.NOT_ASKED: ("the citizen was not asked and has not agreed", "没有征得群众同意，不能公开"),
}


def published(case: Situation, command: c.PublishDemand) -> Sequence[f.Fact]:
    """The case is published with the texts of the command; a text that the command leaves out is the one that the
    citizen or the unit wrote. Raises `Refused`."""
    state, rules = case.publication or NOTHING, _rules(case)
    if state.is_public:
        raise illegal("it is already published: correct it instead", "已经公开，请用“更正公开内容”")
    return [_fact(case, state, rules, command)]


def corrected(case: Situation, command: c.CorrectPublication) -> Sequence[f.Fact]:
    """The next edition, with a note that says what was corrected. Raises `Refused`."""
    state, rules = case.publication or NOTHING, _rules(case)
    if not state.is_public:
        raise illegal("nothing of it is published", "尚未公开，无需更正")
    fact = _fact(case, state, rules, command)
    return [fact.model_copy(update={"correction": command.correction})]


def taken_back(case: Situation, command: c.WithdrawPublication) -> Sequence[f.Fact]:
    """The next edition, which shows nothing of the case. Raises `Refused`."""
    state = case.publication or NOTHING
    if not state.is_public and state.waiting_since is None:
        raise illegal("nothing of it is published or waits for publication", "没有已公开或待公开的内容")
    fact = f.DemandUnpublished(edition=state.edition + 1, ground=command.ground, reason=command.reason, by=case.by.name)
    return [fact]


def require_masked(command: c.PublishDemand | c.CorrectPublication, masks: Masks) -> None:
    """Raise `Refused` if masking changes a text of the command, so that reviewers see the masked text before it is
    published."""
    masked_command = masked(command, masks)
    for name in ("title", "text", "answer"):
        original, masked_text = getattr(command, name), getattr(masked_command, name)
        if original != masked_text:
            raise invalid(
                name,
                f"this contains a name or a number; it would be shown as: {masked_text}. Write it in this form",
                f"含有个人信息，公开时会显示为：{masked_text}。请按此修改",
                masked_text[:200],
            )


def possible(name: str, demand: Demand, pack: Pack, state: PublicationState) -> bool:
    """Whether this command about the publication can be given now."""
    if name == "withdraw-publication":
        return state.is_public or state.waiting_since is not None
    bar = release_bar(pack.publication.release, demand, state.refused, state.allowed)
    may = bar is None and demand.resolved_at is not None
    return may and state.is_public == (name == "correct-publication")


def awaits_consent(demand: Demand, pack: Pack, state: PublicationState) -> bool:
    """Whether nothing but the citizen's yes is missing for an answer to be published."""
    rules = pack.publication.release
    return (
        not demand.imported
        and release_bar(rules, demand, allowed=True) is None
        and release_bar(rules, demand, state.refused, state.allowed) is not None
    )


def may_still_refuse(demand: Demand, pack: Pack, state: PublicationState) -> bool:
    """Whether a no of the citizen would keep something from publication: it may be published, and they have not said no
    already."""
    if demand.imported or release_bar(pack.publication.release, demand, allowed=True) is not None or state.refused:
        return False
    return state.is_public or state.allowed or demand.may_publish is not False


def _rules(case: Situation) -> ReleaseRules:
    state, rules = case.publication or NOTHING, case.pack.publication.release
    bar = release_bar(rules, case.demand, state.refused, state.allowed)
    if bar is not None or rules is None:
        raise illegal(*_BARRED[bar or ReleaseBar.NO_RULES])
    if case.demand.resolved_at is None:
        raise illegal("the demand is not answered: publish it after the answer", "尚未办结，办结后才能公开")
    return rules


def _fact(
    case: Situation, state: PublicationState, rules: ReleaseRules, command: c.PublishDemand | c.CorrectPublication
) -> f.DemandPublished:
    answer = state.answer if command.answer is None else command.answer
    if not answer:
        raise invalid("answer", "write an answer for the public", "请填写向公众公开的答复", "风雨棚已建成并投入使用")
    fact = f.DemandPublished(
        edition=state.edition + 1,
        title=(command.title or state.title)[:200],
        text=state.text if command.text is None else command.text,
        answer=answer,
        reopenings=case.demand.reopenings,
        policy=f"{case.demand.jurisdiction}: {rules.rule}",
        by=case.by.name,
    )
    return without_listed(fact, rules)
