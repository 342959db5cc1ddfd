"""The commands to versions of the catalogue."""

from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from shared.contracts.examples import with_examples
from shared.contracts.moment import WRITTEN
from shared.contracts.text import Text
from shared.contracts.wording import Plain, by_office

_CONTENT = """limits: guangdong-2022
rules:
  - {id: road-damage, match: {category: road-damage}, lead: station, assisting: [town, nh-transport]}
  - {id: rest, lead: nh-coordinator}
"""
Why = Annotated[Text, Field(max_length=1000), by_office(1000)]


class _Asked(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class DraftCatalogue(_Asked):
    """A version as a draft; the same content is the same version."""

    model_config = ConfigDict(json_schema_extra=with_examples({"content": _CONTENT, "note": "道路破损加派交通局"}))

    content: Annotated[
        Text,
        Field(min_length=1, max_length=200_000, description="YAML, as in the `catalogue.yaml` of a pack"),
        Plain("rules of dispatch, in which no person is named"),
    ]
    note: Why = ""


class RehearseCatalogue(_Asked):
    """Compare with the version in force, on past demands."""

    model_config = ConfigDict(json_schema_extra=with_examples({"newest": 10000}))

    newest: int = Field(10_000, ge=1, le=100_000, description="how many past demands, the newest first")


class PublishCatalogue(_Asked):
    """Put a version into force."""

    model_config = ConfigDict(
        json_schema_extra=with_examples({"at": "2099-01-01T00:00:00+08:00", "reason": "换发新目录"})
    )

    at: Annotated[AwareDatetime | None, WRITTEN] = Field(
        None, description="from when on; null: as soon as every process knows, which takes five seconds"
    )
    reason: Why = ""


class RollBackCatalogue(_Asked):
    """Put an earlier version into force again, at once."""

    model_config = ConfigDict(json_schema_extra=with_examples({"reason": "新目录派错单位"}))

    version: Annotated[str | None, Plain("the name of a version")] = Field(
        None, max_length=64, description="null: the version before the one in force"
    )
    reason: Why = ""
