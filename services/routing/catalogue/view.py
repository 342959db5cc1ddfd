"""Makes the answers about versions of the catalogue."""

from datetime import datetime
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from services.routing.catalogue.domain import (
    Action,
    CataloguePublication,
    DraftProgress,
    State,
    in_force,
    scheduled,
    state,
)
from services.routing.catalogue.queries import StoredAction, StoredVersion
from services.routing.catalogue.rehearsal import Rehearsal
from shared.contracts.examples import NUMBER, TITLE, with_examples
from shared.jurisdiction.pack import Pack
from shared.jurisdiction.problems import PackProblem

VERSION: Final = "3f2a9c1b7d04"
_FINDING: Final[dict[str, JsonValue]] = {
    "line": 7,
    "severity": "error",
    "message": "rule 'parking' can never match, because 'road' on line 3 matches everything that it does; move it"
    " before that rule, or remove it",
    "message_zh": "规则“parking”永远轮不到：第 3 行的“road”已全部覆盖，请移到它前面或删除",
}
_REHEARSAL: Final[dict[str, JsonValue]] = {
    "base": VERSION,
    "demands": 2310,
    "oldest": "2021-01-04T01:00:00Z",
    "elsewhere": 84,
    "examples": [
        {
            "number": NUMBER,
            "title": TITLE,
            "unit_before": "station-440605126222",
            "rule_before": "school-transport",
            "unit_after": "nh-education",
            "rule_after": "school-bus",
        }
    ],
    "late": 0,
    "late_examples": [],
    "loads": [{"unit": "nh-education", "name": "区教育局", "before": 280, "after": 364, "percent": 30.0}],
}
_SUMMARY: Final[dict[str, JsonValue]] = {
    "version": VERSION,
    "state": "published",
    "origin": "draft",
    "note": "道路破损加派交通局",
    "made_by": "陈",
    "made_at": "2021-04-28T02:00:00Z",
    "in_force_from": "2021-05-01T00:00:00Z",
    "errors": 0,
    "warnings": 0,
    "rehearsed_on": None,
}
_ACTION: Final[dict[str, JsonValue]] = {
    "version": VERSION,
    "action": "published",
    "unit": "nh-coordinator",
    "name": "陈",
    "at": "2021-04-28T02:00:00Z",
    "reason": "换发新目录",
    "in_force_from": "2021-05-01T00:00:00Z",
}


class CatalogueFinding(BaseModel):
    """A finding of a check: an error prevents the publication of a version, a warning does not."""

    line: int
    severity: Literal["error", "warning"]
    message: str
    message_zh: str = Field("", description="the same in Chinese; empty of what was checked by an earlier release")


class CatalogueSummary(BaseModel):
    """A version in a list."""

    model_config = ConfigDict(json_schema_extra=with_examples(_SUMMARY))

    version: str
    state: State
    origin: str = Field(description="`draft`: handed in by a person; `file`: that of the pack")
    note: str
    made_by: str
    made_at: datetime
    in_force_from: datetime | None = Field(None, description="since when, or from when on; null: since ever, or never")
    errors: int | None = Field(None, description="null: not checked")
    warnings: int | None = None
    rehearsed_on: str | None = Field(None, description="the version that it was compared with last")


class CatalogueAction(BaseModel):
    """Who did what with a version."""

    model_config = ConfigDict(json_schema_extra=with_examples(_ACTION), from_attributes=True)

    version: str
    action: Action
    unit: str
    name: str
    at: datetime
    reason: str
    in_force_from: datetime | None = None


class CatalogueVersion(CatalogueSummary):
    """A version with its rules, what was found about it, and what was done with it."""

    model_config = ConfigDict(
        json_schema_extra=with_examples(
            _SUMMARY
            | {
                "content": "limits: guangdong-2022\nrules:\n  - {id: rest, lead: nh-coordinator}\n",
                "findings": [_FINDING],
                "rehearsal": _REHEARSAL,
                "actions": [_ACTION],
            }
        )
    )

    content: str = Field(description="YAML")
    findings: list[CatalogueFinding] | None = None
    rehearsal: Rehearsal | None = None
    actions: list[CatalogueAction] = []


class CatalogueList(BaseModel):
    """The newest versions first."""

    model_config = ConfigDict(
        json_schema_extra=with_examples(
            {"jurisdiction": "nanhai", "in_force": VERSION, "scheduled": None, "catalogues": [_SUMMARY]}
        )
    )

    jurisdiction: str
    in_force: str
    scheduled: str | None = None
    before: str | None = Field(None, description="what a rollback puts into force again; null: there is nothing before")
    catalogues: list[CatalogueSummary]


class CatalogueActions(BaseModel):
    """The latest first."""

    model_config = ConfigDict(json_schema_extra=with_examples({"actions": [_ACTION]}))

    actions: list[CatalogueAction]


def finding(problem: PackProblem) -> CatalogueFinding:
    """The answer's finding, from a problem that the checker found."""
    return CatalogueFinding(
        line=problem.spot.line, severity=problem.severity.value, message=problem.message, message_zh=problem.zh
    )


def summary(
    stored: StoredVersion, publications: list[CataloguePublication], now: datetime, file: Pack
) -> CatalogueSummary:
    """The summary of a version in its present state."""
    return CatalogueSummary.model_validate(_summed(stored, publications, now, file))


def whole(
    stored: StoredVersion,
    publications: list[CataloguePublication],
    now: datetime,
    file: Pack,
    actions: list[StoredAction],
) -> CatalogueVersion:
    """A version with its rules, findings and actions."""
    return CatalogueVersion.model_validate(
        _summed(stored, publications, now, file)
        | {
            "content": stored.content,
            "findings": stored.findings,
            "rehearsal": stored.rehearsal,
            "actions": [CatalogueAction.model_validate(action) for action in actions],
        }
    )


def _summed(
    stored: StoredVersion, publications: list[CataloguePublication], now: datetime, file: Pack
) -> dict[str, object]:
    progress: DraftProgress = stored.progress
    findings = stored.findings
    return {
        "version": stored.version,
        "state": state(stored.version, progress, publications, now, file.catalogue_version),
        "origin": stored.origin,
        "note": stored.note,
        "made_by": stored.made_by,
        "made_at": stored.made_at,
        "in_force_from": _since(stored.version, publications, now),
        "errors": None if findings is None else sum(finding["severity"] == "error" for finding in findings),
        "warnings": None if findings is None else sum(finding["severity"] == "warning" for finding in findings),
        "rehearsed_on": progress.rehearsed_on,
    }


def _since(version: str, publications: list[CataloguePublication], now: datetime) -> datetime | None:
    current, upcoming = in_force(publications, now), scheduled(publications, now)
    if current and current.version == version and all(publication.version != version for publication in upcoming):
        return current.at
    own = [publication.at for publication in publications if publication.version == version]
    return own[-1] if own else None
