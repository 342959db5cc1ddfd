"""Keeps what came together with words; what is refused is told, and is no reason to refuse the words."""

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
    """What may be named in a demand or a supplement, and why the rest was not kept."""

    references: tuple[str, ...] = ()
    refused: tuple[Refused, ...] = ()

    def told(self, language: Language) -> str:
        """What was not kept and why, in a sentence; nothing where all was."""
        if not self.refused:
            return ""
        count = len(self.refused)
        if language == "zh":
            return f"附件 {count} 个未保存：{'；'.join(_once(fault.zh for fault in self.refused))}"
        what = "1 file was" if count == 1 else f"{count} files were"
        return f"{what} not kept: {'; '.join(_once(_en(fault) for fault in self.refused))}"

    @property
    def note(self) -> str:
        """The same for whoever reads the demand."""
        return f"［{self.told('zh')} / {self.told('en')}］" if self.refused else ""


NOTHING: Final = Enclosures()


async def enclose(attachments: AttachmentService, channel: Channel, contents: Sequence[bytes]) -> Enclosures:
    """Keep what can be kept; raises `Refused` only while the store or the scanner is away."""
    kept: list[str] = []
    refused: list[Refused] = []
    for content in contents:
        try:
            kept.append(await _kept(attachments, channel, content, len(kept)))
        except Refused as fault:
            if fault.code is Code.UNAVAILABLE:
                raise
            refused.append(fault)
    return Enclosures(tuple(kept), tuple(refused))


async def _kept(attachments: AttachmentService, channel: Channel, content: bytes, before: int) -> str:
    if isinstance(attachments.store, NoStore):
        raise wrong("this server is not set up to keep files", "本系统未启用附件存储")
    if before == MAX_ATTACHMENTS:
        raise wrong(f"{MAX_ATTACHMENTS} files are kept at most", f"最多保存 {MAX_ATTACHMENTS} 个附件")
    return (await attachments.take(channel, content)).reference


def _en(fault: Refused) -> str:
    return fault.errors[0].en if fault.errors else fault.en


def _once(sentences: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(sentences))
