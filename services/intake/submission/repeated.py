"""Makes the refusals of a request whose reference was used before with other content."""

from collections.abc import Sequence
from typing import Final

from shared.contracts.refusals import Code, FieldError, Refused


def reference_taken(external_id: str, number: str) -> Refused:
    """The refusal of a submission whose `external_id` already stands for another demand of the channel."""
    add = f"POST /v1/demands/{number}/supplements"
    en = f"the reference {external_id!r} stands for demand {number}; send another external_id, or add to it with {add}"
    zh = f"外部编号 {external_id!r} 已对应诉求 {number}，请更换 external_id，或用 {add} 补充"
    return Refused(Code.CONFLICT, en, zh, (FieldError("external_id", zh, en, f"{external_id}-2"),))


def recorded_otherwise(external_id: str, number: str, differences: Sequence[FieldError]) -> Refused:
    """The refusal of a record that contradicts its earlier import.

    If `differences` is empty, the contact differs or a number that is masked in a text: these are sealed and cannot be
    shown.
    """
    errors = tuple(differences) or (_SEALED,)
    texts_zh = "；".join(f"{difference.field} {difference.zh}" for difference in errors[:_SHOWN])
    texts_en = "; ".join(f"{difference.field} {difference.en}" for difference in errors[:_SHOWN])
    if more := len(errors) - _SHOWN if len(errors) > _SHOWN else 0:
        texts_zh, texts_en = f"{texts_zh}；另有 {more} 处", f"{texts_en}; and {more} more"
    en = (
        f"imported before with other content (demand {number}): {texts_en}."
        " Correct the row, or continue in that demand; for another demand use another reference"
    )
    zh = f"已导入过，内容不同（诉求 {number}）：{texts_zh}。请改正此行，或在该诉求中办理；若是另一诉求请改用另一编号"
    return Refused(Code.KEY_REUSED, en, zh, errors)


_SHOWN: Final = 5
_SEALED: Final = FieldError(
    "contact",
    "联系方式或隐去的号码与导入时不同",
    "or a number that is hidden in a text differs from what was imported",
)
