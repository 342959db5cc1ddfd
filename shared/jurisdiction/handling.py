"""What a pack says of the way in which units handle demands: returns, extensions, pauses, contact, answers."""

from enum import StrEnum
from typing import Annotated, Final

from pydantic import Field

from shared.contracts.codes import Code
from shared.jurisdiction.limits import Limit
from shared.jurisdiction.parts import Days, Part, Text, Words


class Coded(Part):
    """One entry of a list to choose from."""

    code: Code
    name: Text


class Decider(StrEnum):
    """Who decides what a unit asks for: the head of the unit above it, or the coordinator's people."""

    ABOVE = "above"
    COORDINATOR = "coordinator"


class Extension(Part):
    """How a later due time (延期) is asked for; how often and how far stand beside it in the profile."""

    ask_before_due: bool = Field(True, description="what is overdue is not extended")
    decider: Decider = Decider.COORDINATOR


class Returning(Part):
    """What holds when a unit says that it is not responsible (退单)."""

    window: Limit | None = Field(None, description="from the routing; null: at any time")
    reasons: tuple[Coded, ...] = Field((), description="to choose from; none: in words alone")
    max_dispatches: Annotated[int, Field(ge=1)] | None = Field(
        None, description="after so many dispatches the coordinator designates a unit; null: max_returns alone decides"
    )


class PauseReason(Coded):
    """Why a clock may stand still (暂停计时)."""

    max_days: Days | None = Field(None, description="calendar days of one pause; null: no bound")
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
"""For packs that list none; the bounds are our choice."""


class Pausing(Part):
    """Why clocks may stand still, and how often somebody looks whether they still should."""

    reasons: tuple[PauseReason, ...] = USUAL_PAUSES
    review_every_days: Days = Field(30, description="our choice")


USUAL_NOT_REACHED: Final = (
    Coded(code="switched-off", name=Text(zh="关机", en="Switched off")),
    Coded(code="no-answer", name=Text(zh="无人接听", en="No answer")),
    Coded(code="wrong-number", name=Text(zh="号码有误", en="Wrong number")),
    Coded(code="other", name=Text(zh="其他", en="Other")),
)


class Contact(Part):
    """Whether a citizen is spoken with before the answer."""

    required: bool = Field(False, description="no answer before the citizen was contacted, or without why not")
    not_reached: tuple[Coded, ...] = USUAL_NOT_REACHED


class Resolving(Part):
    """What an answer (办结) needs beside its words."""

    evidence_required: bool = False


class Ground(Coded):
    """A ground for declining (不予受理), with its basis in law and where such a matter belongs."""

    basis: Words | None = None
    instead: Words | None = None


class Handling(Part):
    """`handling` in `pack.yaml`; what is left out is as before these rules existed, or as the field usually does."""

    extension: Extension = Extension()
    returning: Returning = Returning()
    pause: Pausing = Pausing()
    contact: Contact = Contact()
    resolving: Resolving = Resolving()
    grounds: tuple[Ground, ...] = Field((), description="for declining; none: in words alone")
    redo: Limit | None = Field(None, description="the limit after a reopening; null: as at first")
