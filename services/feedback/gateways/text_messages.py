"""Checks what operators of text messages ask: a signature, approved templates, no free links."""

from services.feedback.gateways.declared_parts import TextMessages
from services.feedback.gateways.rendering import LINK
from shared.chassis.work.intents import Intent


def rejection_cause(gateway: str, declaration: TextMessages, intent: Intent) -> str:
    """Why the operator would not accept this message; empty if it would."""
    notice = intent.body["template"]
    if notice in declaration.templates:
        return ""
    if declaration.templates_only:
        return f"{gateway} accepts only approved templates, and none is set for {notice!r}"
    if not declaration.links and LINK.search(intent.body["text"]):
        return f"{gateway} accepts no links in free text: {notice!r} needs an approved template"
    return ""


def words_of(declaration: TextMessages, intent: Intent) -> str:
    """The text of a message, with the approved signature before it."""
    text = str(intent.body["text"])
    return text if declaration.signature in text else declaration.signature + text
