"""Handles forms that are embedded in another site's page: submits each once, by the channel of that site."""

from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from services.intake.channels.channel import Channel
from services.intake.channels.embedding import Embeds
from services.intake.inbound.queries import submitted_under
from services.intake.submission.checked_request import Request
from services.intake.web.draft import RaiseDraft, SentDraft
from services.intake.web.portal import Portal
from shared.chassis.base.tokens import Tokens
from shared.contracts.demand.facts import RequestKind
from shared.contracts.refusals import Code, Refused

FORM_SECONDS: Final = 24 * 3600
_FORM: Final = "embed-form"


@dataclass(frozen=True, slots=True)
class EmbedHandler:
    """Browsers send no cookie of ours from inside of another site's page: a form brings a token with the id under
    which it is submitted once, and the public key that it was shown for."""

    portal: Portal
    embeds: Embeds
    forms: Tokens

    def token(self, key: str, id: UUID) -> str:
        """The token of a form."""
        return self.forms.write(_FORM, {"key": key, "id": str(id)})

    def read(self, key: str, token: str) -> UUID:
        """The id in the token of a form for this key; raises `Refused`."""
        try:
            fields: dict[str, Any] = self.forms.read(_FORM, token)
        except Refused:
            fields = {}
        if fields.get("key") != key:
            en = "the form is too old: load the page again"
            raise Refused(Code.FORBIDDEN, en, "表单已过期，请重新打开页面后再提交")
        return UUID(fields["id"])

    async def send(self, channel: Channel, id: UUID, draft: RaiseDraft) -> SentDraft:
        """Submit a form; the same form again is the same demand. Raises `Refused`."""
        pack = self.portal.places.pack_of(draft.division)
        assert pack, "the form was checked"
        ranking = self.portal.suggested(pack, draft)
        category = pack.category(ranking.suggestions[0].category) if ranking.sure else None
        kind = (category.kind if category else None) or RequestKind.HELP
        submissions, key = self.portal.submissions, f"embed:{id}"
        try:
            command = draft.command(category.code if category else None, kind)
            receipt = await submissions.submit(channel, Request(key, command))
        except Refused as refused:
            if refused.code is not Code.KEY_REUSED:
                raise
            async with submissions.pool.acquire(timeout=5) as db:
                first = await submitted_under(db, channel.id, submissions.vault.reference(key))
            if first is None:
                raise
            return SentDraft(first.id, first.number, self.portal.clock())
        return SentDraft(receipt.id, receipt.number, receipt.submitted_at)
