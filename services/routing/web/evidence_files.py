"""Uploads the files of a form to intake in the name of the person, for the command that names them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from starlette.datastructures import FormData, UploadFile

from services.routing.web.intake_reader import IntakeReader
from shared.contracts.refusals import Code, FieldError, Refused
from shared.identity.person import Person

FIELD: Final = "attachments"
KEPT: Final = "kept"
"""The field with the files that were uploaded before the same form was shown again."""
MOST: Final = 9
ACCEPTED: Final = "image/jpeg,image/png,image/webp,image/gif,application/pdf"
_OF_THE_FILE: Final = frozenset({Code.INVALID, Code.TOO_LARGE})


@dataclass(frozen=True, slots=True)
class KeptFile:
    """An uploaded file; `name` is its name on the person's device, which is not stored."""

    reference: str
    name: str

    @classmethod
    def read(cls, value: str) -> "KeptFile":
        """Parse the field of a form."""
        reference, _, name = value.partition("/")
        return cls(reference, name)

    @property
    def value(self) -> str:
        """The value for the field of a form."""
        return f"{self.reference}/{self.name}"


@dataclass(frozen=True, slots=True)
class FormFiles:
    """The files of a form that intake has by now, and why others were refused."""

    kept: Sequence[KeptFile] = ()
    errors: tuple[FieldError, ...] = ()

    @property
    def references(self) -> list[str]:
        """The references for the command."""
        return [file.reference for file in self.kept]

    def require_all(self) -> None:
        """Raise `Refused` if a file was refused."""
        if self.errors:
            en = "; ".join(error.en for error in self.errors)
            raise Refused(Code.INVALID, en, "；".join(error.zh for error in self.errors), self.errors)


async def handed_in(form: FormData, number: str, person: Person, intake: IntakeReader) -> FormFiles:
    """Upload the files of a form to intake; raises `Refused` if intake does not answer, or does not let this person
    upload."""
    kept = {file.reference: file for value in form.getlist(KEPT) if (file := KeptFile.read(str(value)))}
    errors: list[FieldError] = []
    chosen = [part for part in form.getlist(FIELD) if isinstance(part, UploadFile) and part.size]
    if len(kept) + len(chosen) > MOST:
        error = FieldError(FIELD, f"一次最多上传 {MOST} 个文件", f"send {MOST} files at most at once")
        return FormFiles(tuple(kept.values()), (error,))
    for part in chosen:
        name = (part.filename or "file")[:100]
        try:
            reference = await intake.hand_in(number, await part.read(), person)
        except Refused as refused:
            if refused.code not in _OF_THE_FILE:
                raise
            errors.append(FieldError(FIELD, f"{name}：{refused.zh}", f"{name}: {refused.en}"))
        else:
            kept[reference] = KeptFile(reference, name)
    return FormFiles(tuple(kept.values()), tuple(errors))
