"""Stores the files that came with a text. A refused file is mentioned in the answer, and the text is taken all the
same."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from services.intake.attachments.kinds import MAX_ATTACHMENTS, wrong
from services.intake.attachments.service import AttachmentService
from services.intake.attachments.stores import NoStore
from services.intake.channels.channel import Channel
from shared.contracts.refusals import Code, Refused
from shared.jurisdiction.profile import Language


@dataclass(frozen=True, slots=True)
class Enclosures:
    """The references of the stored files, and why others were not stored."""

    references: tuple[str, ...] = ()
    refused: tuple[Refused, ...] = ()

    def notice(self, language: Language) -> str:
        """A sentence that says which files were not stored and why; empty if all were."""
        if not self.refused:
            return ""
        count = len(self.refused)
        if language == "zh":
            return f"附件 {count} 个未保存：{'；'.join(_once(fault.zh for fault in self.refused))}"
        what = "1 file was" if count == 1 else f"{count} files were"
        return f"{what} not kept: {'; '.join(_once(_en(fault) for fault in self.refused))}"

    @property
    def note(self) -> str:
        """The same sentence for the readers of the demand."""
        return f"［{self.notice('zh')} / {self.notice('en')}］" if self.refused else ""


NOTHING: Final = Enclosures()


async def enclose(attachments: AttachmentService, channel: Channel, contents: Sequence[bytes]) -> Enclosures:
    """Store these files; raises `Refused` only if the store or the scanner does not answer."""
    references: list[str] = []
    refused: list[Refused] = []
    for content in contents:
        try:
            references.append(await _kept(attachments, channel, content, len(references)))
        except Refused as fault:
            if fault.code is Code.UNAVAILABLE:
                raise
            refused.append(fault)
    return Enclosures(tuple(references), tuple(refused))


async def _kept(attachments: AttachmentService, channel: Channel, content: bytes, before: int) -> str:
    if isinstance(attachments.store, NoStore):
        raise wrong("this server is not configured to store files", "本系统未启用附件存储")
    if before == MAX_ATTACHMENTS:
        raise wrong(f"at most {MAX_ATTACHMENTS} files are stored", f"最多保存 {MAX_ATTACHMENTS} 个附件")
    return (await attachments.take(channel, content)).reference


def _en(fault: Refused) -> str:
    return fault.errors[0].en if fault.errors else fault.en


def _once(sentences: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(sentences))
