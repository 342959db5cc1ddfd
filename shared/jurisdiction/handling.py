"""A pack's rules for how units handle demands: returns, extensions, pauses, contact with citizens, and answers."""

from enum import StrEnum
from typing import Annotated, Any, Final

from pydantic import Field, model_validator

from shared.contracts.codes import Code
from shared.jurisdiction.limits import Limit
from shared.jurisdiction.parts import Days, PackModel, Text, Words


class Coded(PackModel):
    """One entry of a list to choose from."""

    code: Code
    name: Text


class Decider(StrEnum):
    """Who decides on a request of a unit: the head of the unit above it, or the coordinator's staff."""

    ABOVE = "above"
    COORDINATOR = "coordinator"


class ExtensionRules(PackModel):
    """How a unit asks for a later due time (延期); the limits of extensions are in the profile."""

    ask_before_due: bool = Field(True, description="overdue demands cannot be extended")
    decider: Decider = Decider.COORDINATOR


class Returning(PackModel):
    """The rules for a unit that says that it is not responsible (退单)."""

    window: Limit | None = Field(None, description="from the routing; null: at any time")
    reasons: tuple[Coded, ...] = Field((), description="reasons to choose from; none: free text only")
    max_dispatches: Annotated[int, Field(ge=1)] | None = Field(
        None, description="after so many dispatches the coordinator designates a unit; null: only max_returns decides"
    )


class PauseReason(Coded):
    """A reason for stopping the clock of a demand (暂停计时)."""

    max_days: Days | None = Field(None, description="calendar days of one pause; null: no limit")
    decider: Decider | None = Field(None, description="who decides; null: the unit itself")


USUAL_PAUSES: Final = (
    PauseReason(code="waiting-for-citizen", name=Text(zh="等待群众补充", en="Waiting for the citizen"), max_days=10),
    PauseReason(code="weather", name=Text(zh="天气原因", en="Weather"), max_days=15),
    PauseReason(
        code="funds", name=Text(zh="等待资金", en="Waiting for funds"), max_days=90, decider=Decider.COORDINATOR
    ),
    PauseReason(
        code="other-authority",
        name=Text(zh="等待其他部门", en="Waiting for another authority"),
        max_days=30,
        decider=Decider.COORDINATOR,
    ),
)
"""The reasons for packs that list none; the limits are our choice."""


class Pausing(PackModel):
    """The reasons for a pause. The key `review_every_days` of older packs is ignored: it never had an effect."""

    reasons: tuple[PauseReason, ...] = USUAL_PAUSES

    @model_validator(mode="before")
    @classmethod
    def _without_review(cls, data: Any) -> Any:
        return {key: data[key] for key in data if key != "review_every_days"} if isinstance(data, dict) else data


USUAL_NOT_REACHED: Final = (
    Coded(code="switched-off", name=Text(zh="关机", en="Switched off")),
    Coded(code="no-answer", name=Text(zh="无人接听", en="No answer")),
    Coded(code="wrong-number", name=Text(zh="号码有误", en="Wrong number")),
    Coded(code="other", name=Text(zh="其他", en="Other")),
)


class ContactRules(PackModel):
    """Whether a unit must contact the citizen before its answer."""

    required: bool = Field(
        False, description="an answer needs a contact with the citizen before it, or a reason for none"
    )
    not_reached: tuple[Coded, ...] = USUAL_NOT_REACHED


class Resolving(PackModel):
    """What an answer (办结) needs besides its text."""

    evidence_required: bool = False


class Ground(Coded):
    """A ground for declining (不予受理), with its legal basis and the authority that is responsible instead."""

    basis: Words | None = None
    instead: Words | None = None


class Handling(PackModel):
    """`handling` in `pack.yaml`. The defaults are the behaviour from before these rules, or the usual practice."""

    extension: ExtensionRules = ExtensionRules()
    returning: Returning = Returning()
    pause: Pausing = Pausing()
    contact: ContactRules = ContactRules()
    resolving: Resolving = Resolving()
    grounds: tuple[Ground, ...] = Field((), description="reasons for declining; none: free text only")
    redo: Limit | None = Field(None, description="the limit after a reopening; null: the same as at first")
