"""A second kind of aggregate for tests: a project that is opened, renamed and closed."""

from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar
from uuid import UUID, uuid5

from pydantic import BaseModel, ConfigDict

from shared.chassis.aggregates.repository import Repository
from shared.chassis.aggregates.unit_of_work import Change
from shared.chassis.database.write_batch import WriteBatch
from shared.contracts.envelope import Envelope
from shared.contracts.refusals import Code, Refused
from shared.contracts.rules import Rules
from shared.contracts.topics import PROJECT_EVENTS
from tests import story

TABLE = "CREATE TABLE IF NOT EXISTS project (id uuid PRIMARY KEY, version integer NOT NULL, state jsonb NOT NULL)"


class Project(BaseModel):
    """The state of a project, folded from its facts."""

    id: UUID
    version: int = 0
    name: str = ""
    closed: bool = False


class ProjectFact(BaseModel):
    """A fact of a project."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    type: ClassVar[str]
    moves: ClassVar[bool] = True

    @classmethod
    def wire_type(cls) -> str:
        return f"{cls.type}.v1"


class ProjectNamed(ProjectFact):
    """The project was named or renamed."""

    type = "project.named"
    name: str


class ProjectClosed(ProjectFact):
    """The project was closed."""

    type = "project.closed"


KINDS = {kind.wire_type(): kind for kind in (ProjectNamed, ProjectClosed)}


def parse(type: str, data: str) -> ProjectFact:
    if type not in KINDS:
        raise Refused(Code.INVALID, f"unknown fact type {type!r}")
    return KINDS[type].model_validate_json(data)


def evolve(project: Project, fact: ProjectFact, at: datetime) -> Project:
    if project.closed:
        raise Refused(Code.ILLEGAL_TRANSITION, "the project is closed")
    changes = {"version": project.version + 1}
    match fact:
        case ProjectNamed():
            return project.model_copy(update=changes | {"name": fact.name})
        case _:
            return project.model_copy(update=changes | {"closed": True})


def nothing_follows(*_: object) -> Sequence[tuple[ProjectFact, datetime]]:
    return ()


def everybody(_: object) -> None:
    return


def rules(service: str = "reporting") -> Rules[Project, ProjectFact]:
    """The rules of projects, for one service."""
    return Rules(
        service=service,
        stream=PROJECT_EVENTS.carries,
        initial=lambda key: Project(id=key),
        load=Project.model_validate_json,
        handles=KINDS.__contains__,
        parse=parse,
        evolve=evolve,
        subject=lambda project: project.name,
        is_imported=lambda project: False,
        react=nothing_follows,
        authorize=everybody,
        check_writer=everybody,
    )


def no_projection(writes: WriteBatch, changes: Sequence[Change[Project, ProjectFact]]) -> None:
    return


def repository(service: str = "reporting") -> Repository[Project, ProjectFact]:
    """The repository of projects, in the table `project`."""
    return Repository("project", rules(service), no_projection)


def envelope(fact: ProjectFact, sequence: int, key: UUID) -> Envelope:
    """The envelope of a fact of a project."""
    return Envelope(
        id=uuid5(key, f"{fact.type}:{sequence}"), stream=PROJECT_EVENTS.carries, key=key, type=fact.wire_type(),
        source="/services/test", subject="a project", time=story.AT, sequence=sequence, causation=None,
        correlation=None, traceparent=None, imported=False, data=fact.model_dump_json(),
    )  # fmt: skip
