"""A subject of a service has the rooms that a reader expects: whoever knows one subject finds the way in all."""

from pathlib import Path
from typing import Final

import pytest

SERVICES: Final = Path(__file__).parents[2] / "services"
OF_A_SERVICE: Final = frozenset(
    {"app", "http_app", "assembled", "settings", "checks", "gauges", "api_document", "examples"}
)
"""Modules beside the subjects: the manifest and the worker of the service, its API, the parts that both share, its
settings, the checks of the doctor, its gauges, and what its document says."""
ROLES: Final = frozenset(
    {
        "api", "commands", "domain", "policies", "permissions", "handler", "projection", "queries", "documents",
        "parameters", "pagination", "view", "lookup", "pages", "words", "names", "message", "server",
    }
)  # fmt: skip
"""What a module of a subject does. One that is missing means that the subject does not do that; a prefix tells two of
one subject apart, such as `history_api`."""
NOT_OURS: Final = frozenset(
    {
        "routes", "router", "endpoints", "controller", "controllers", "schemas", "models", "entities", "repositories",
        "repository", "crud", "dao", "tables", "sql", "events", "views", "projections", "commands_handler", "handlers",
        "tasks", "jobs", "managers", "core", "main", "types", "constants", "exceptions",
    }
)  # fmt: skip
"""Other words for the same roles."""
OWN: Final = {
    "feedback/gateways": {
        "assembled", "cloud_signatures", "cloud_sms", "console", "declared", "declared_clouds", "declared_parts",
        "declared_sms", "file", "http_sms", "inbound_texts", "recipients", "rendering", "sender_turns", "smpp",
        "smpp_connection", "smpp_outcomes", "smpp_pdus", "smtp", "text_messages", "wechat",
    },
    "feedback/notifications": {
        "contacts", "courtesy", "digests", "message_desk", "messages", "sending", "staff_notices", "staff_recipients",
    },
    "feedback/ratings": {"milestones", "unrated", "verdicts"},
    "feedback/webhooks": {
        "addresses", "doctor_checks", "endpoint_client", "gauges", "interest", "introspection", "sender", "signing",
        "watch",
    },
    "intake/attachments": {
        "assembled", "bucket", "collect", "jpeg_segments", "kinds", "paper_cleaning", "papers", "pictures",
        "references", "scanning", "service", "stores",
    },
    "intake/channels": {"channel", "embedding", "gateway_settings", "keys", "menus", "quota", "rotation"},
    "intake/events": {"cursor", "numbering", "streams"},
    "intake/inbound": {
        "assembled", "attach", "charsets", "conversation", "coordinates", "pictures", "plausible", "sender_lock",
        "spoken_verdict", "spoken_wish",
    },
    "intake/inbound/mail": {"auto_reply", "enclosures", "headers", "html_text", "limits", "parts", "quotes", "reader"},
    "intake/inbound/sms": {"parted_texts", "parts", "request", "text_keys", "text_taker"},
    "intake/inbound/wechat": {"cipher", "xml"},
    "intake/notes": {"supporters"},
    "intake/publications": {"consent"},
    "intake/open311": {
        "dates", "discovery", "errors", "extensions", "fields", "forms", "query_params", "rendering", "repeated_params",
        "services", "statuses", "translation",
    },
    "intake/similar": {"finder", "indexing", "rarity", "scoring"},
    "intake/submission": {
        "checked_request", "fitting", "history", "placing", "receipt", "recorded_steps", "repeated", "secret_code",
    },
    "intake/suggestion": {"evaluation", "keywords", "model", "ranking", "suggester", "training"},
    "intake/tracking": {"details", "lasting_secret"},
    "intake/personal_data": {"batches"},
    "intake/vault": {"adding", "contact", "opt_outs", "personal", "persons", "sealing"},
    "intake/web": {
        "allowance", "devices", "draft", "drafts", "field_gate", "follow_conversation", "map_tiles", "month_figures",
        "places", "portal", "portal_page", "qr_code", "raise_forms", "raising", "visit",
    },
    "reporting/drilldown": {"steps"},
    "reporting/figures": {"completion", "conditions", "links", "month_comparison", "rollup", "visibility"},
    "reporting/rebuild": {"comparison", "folding", "locks", "rebuild", "tables"},
    "reporting/web": {"showing"},
    "routing/cases": {
        "available", "clock", "desks", "following", "limits", "overview", "parsing", "reading", "timeline",
        "worklist_filters", "worklists",
    },
    "routing/web": {
        "command_forms", "desk_gate", "desk_page", "evidence_files", "form_options", "form_rules", "intake_reader",
        "publication_wish", "showing", "staff_client", "viewer",
    },
    "routing/cases/commands": {"assistance", "base", "calling", "dispatching", "handling", "publishing", "timing"},
    "routing/cases/decisions": {
        "assistance", "calling", "dispatching", "handling", "publishing", "situation", "timing",
    },
    "routing/hot_spots": {"detection"},
    "routing/catalogue": {"differences", "doctor_checks", "packs_in_force", "reading", "rehearsal"},
    "routing/deadlines": {"payloads", "timer"},
    "routing/publications": {"timer"},
}  # fmt: skip
"""What only this subject has. A module with a role is not listed; a new one that is listed needs a name that says what
is in it."""
MODULES: Final = sorted(path for path in SERVICES.rglob("*.py") if path.stem not in {"__init__", "__main__"})
SHARED_BY_SUBJECTS: Final = {"intake": {"demands", "parameters"}}
"""What several subjects of a service use."""


def relative(path: Path) -> str:
    return str(path.relative_to(SERVICES))


def has_a_role(name: str) -> bool:
    return name in ROLES or any(name.endswith(f"_{role}") for role in ROLES)


@pytest.mark.parametrize("path", MODULES, ids=relative)
def test_a_module_of_a_service_is_in_a_room_that_is_known(path: Path):
    service, *room = path.parent.relative_to(SERVICES).parts
    if not room:
        assert path.stem in OF_A_SERVICE | SHARED_BY_SUBJECTS.get(service, set())
    else:
        own = OWN.get("/".join((service, *room)), set())
        assert has_a_role(path.stem) or path.stem in own, f"a room called {path.stem}: which role is it, or list it"


def test_no_role_has_a_second_name():
    names = {path.stem for path in MODULES}
    # A rebuild is about tables themselves.
    assert (names | set().union(*OWN.values())) & NOT_OURS <= {"tables"}


def test_what_is_listed_is_no_role():
    assert not {name for names in OWN.values() for name in names if name in ROLES}


def test_the_settings_and_the_manifest_of_a_service_are_where_they_are_looked_for():
    for service in {path.relative_to(SERVICES).parts[0] for path in MODULES}:
        assert {"app.py", "http_app.py", "assembled.py", "settings.py", "api_document.py", "migrations"} <= {
            path.name for path in (SERVICES / service).iterdir()
        }
