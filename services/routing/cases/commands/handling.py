"""The commands of the lead unit about its case."""

from typing import Annotated

from pydantic import ConfigDict, Field

from services.routing.cases.commands.base import (
    Attachments,
    Colleague,
    Evidence,
    Note,
    Reason,
    StaffCommand,
    Unit,
    Words,
)
from shared.contracts.demand.facts import EvidenceKind
from shared.contracts.examples import ID, with_examples
from shared.contracts.text import Text
from shared.contracts.wording import Identifier, by_office


class AcceptDemand(StaffCommand):
    """Sign for it (签收)."""

    model_config = ConfigDict(json_schema_extra=with_examples({}))


class AssignDemand(StaffCommand):
    """Say who of the unit handles it (指定经办人)."""

    model_config = ConfigDict(json_schema_extra=with_examples({"handler": "李志明"}))

    handler: Colleague


class ReturnDemand(StaffCommand):
    """Say that another unit is responsible (退单), and which one."""

    model_config = ConfigDict(
        json_schema_extra=with_examples({"reason": "校车由教育局统筹", "suggested_unit": "nh-education"})
    )

    reason: Reason
    suggested_unit: Unit


class TransferDemand(StaffCommand):
    """Give it to another unit (转办); its due time stays."""

    model_config = ConfigDict(json_schema_extra=with_examples({"unit": "nh-education", "reason": "学校内部道路"}))

    unit: Unit
    reason: Reason


class MoveUpDemand(StaffCommand):
    """Give it to the unit above (提级), and go on helping there."""

    model_config = ConfigDict(json_schema_extra=with_examples({"reason": "涉及两个社区，需镇级协调"}))

    reason: Reason


class DeclineDemand(StaffCommand):
    """Say that this government is not responsible, and who is."""

    model_config = ConfigDict(json_schema_extra=with_examples({"reason": "接送点在邻区", "instead": "荔湾区 12345"}))

    reason: Reason
    legal_basis: Annotated[Text | None, Field(max_length=1000), by_office(1000)] = None
    instead: Annotated[Text | None, Field(max_length=1000), by_office(1000)] = None


class ContactCitizen(StaffCommand):
    """Say that the unit spoke with the citizen, or tried to."""

    model_config = ConfigDict(json_schema_extra=with_examples({"note": "已致电，约定周三现场查看"}))

    note: Note = ""
    reached: bool = Field(True, description="false: tried in vain")
    attachments: Attachments = ()


class ProgressDemand(StaffCommand):
    """Tell the citizen about the progress of the work."""

    model_config = ConfigDict(json_schema_extra=with_examples({"note": "已现场勘查，本周施工"}))

    note: Words
    evidence: Evidence = ()
    attachments: Attachments = ()


class WriteNote(StaffCommand):
    """Write down something that no citizen sees (内部备注)."""

    model_config = ConfigDict(json_schema_extra=with_examples({"text": "物业周三上午可开门"}))

    text: Words


class AttachEvidence(StaffCommand):
    """Add files or references that show what was done."""

    model_config = ConfigDict(
        json_schema_extra=with_examples({"note": "修复后的照片", "kind": "handling", "attachments": [ID]})
    )

    note: Note = ""
    kind: EvidenceKind | None = Field(None, description="what the files show")
    attachments: Attachments = ()
    evidence: Evidence = ()


class ListDemand(StaffCommand):
    """Put it on a list or into a project (挂账); the clock stands still meanwhile."""

    model_config = ConfigDict(json_schema_extra=with_examples({"level": "village", "reason": "列入2022年村级清单"}))

    level: Annotated[Text, Field(min_length=1, max_length=64), Identifier("a list of the jurisdiction")]
    reason: Reason
    project: Annotated[Text | None, Field(max_length=200), by_office(200)] = None


class ResolveDemand(StaffCommand):
    """Say that it is done (办结)."""

    model_config = ConfigDict(
        json_schema_extra=with_examples({"result": "风雨棚已建成并验收", "summary": "风雨棚已建成"})
    )

    result: Words
    summary: Note = ""
    evidence: Evidence = ()
    attachments: Attachments = ()
    show_files: bool = Field(False, description="the files belong to the answer: the citizen may open them")
    not_contacted: Annotated[Text | None, Field(min_length=1, max_length=1000), by_office(1000)] = Field(
        None, description="why nobody spoke with the citizen before, where nobody did"
    )
