"""Checks whose webhooks a caller may read and change: a channel its own, an administrator those of their
jurisdiction."""

from dataclasses import dataclass
from functools import partial

from services.feedback.webhooks.queries import WebhookRow
from shared.contracts.examples import API_KEY
from shared.contracts.refusals import Code, FieldError, Refused
from shared.identity.person import Person
from shared.identity.policy import CaseOffices
from shared.identity.relations import policy_of
from shared.identity.rights import MANAGE_WEBHOOKS, Relation
from shared.jurisdiction.jurisdictions import Jurisdictions
from shared.jurisdiction.unit_names import unit_name


@dataclass(frozen=True, slots=True)
class Owner:
    """The owner of webhooks: either `channel` or `jurisdiction` is set. `name` is recorded with the webhooks that they
    create."""

    name: str
    channel: str | None = None
    jurisdiction: str | None = None

    def owns(self, webhook: WebhookRow) -> bool:
        """Whether this owner owns the webhook."""
        return (webhook.channel, webhook.jurisdiction) == (self.channel, self.jurisdiction)


def channel_owner(channel: str) -> Owner:
    """The owner that a channel is."""
    return Owner(f"channel:{channel}", channel=channel)


def staff_owner(by: Person, packs: Jurisdictions) -> Owner:
    """The owner that an administrator is, for the jurisdiction of their unit; raises `Refused`."""
    pack = packs.of_unit(by.unit)
    if pack is None:
        en, zh = f"no jurisdiction that is served here has the unit {by.unit!r}", f"本系统没有单位 {by.unit!r}"
        raise Refused(Code.FORBIDDEN, en, zh)
    relations = {Relation.JURISDICTION} | ({Relation.WHOLE} if by.unit == pack.coordinator else set())
    offices = CaseOffices(None, None, pack.coordinator, partial(unit_name, pack))
    policy_of(pack).require(MANAGE_WEBHOOKS, by.roles_at(pack.coordinator), relations, offices)
    return Owner(by.name, jurisdiction=pack.id)


def no_credential() -> Refused:
    """The refusal of a request without a credential."""
    en = "send the channel's key in the header X-API-Key, or the token of an administrator as `Authorization: Bearer …`"
    zh = "请在请求头 X-API-Key 中提供渠道密钥，或以 Authorization: Bearer 提供管理员凭证"
    return Refused(Code.UNAUTHENTICATED, en, zh, (FieldError("X-API-Key", zh, en, API_KEY),))
