"""Removes scripts, files and authors from documents, and refuses those from which they cannot be removed."""

from typing import Final

from services.intake.attachments.kinds import wrong
from shared.chassis.sandbox.sandbox import Sandbox, Unfinished
from shared.contracts.refusals import Code, Refused

_JOB: Final = "services.intake.attachments.paper_cleaning:cleaned"
SECONDS: Final = 30.0
MEMORY: Final = 1_073_741_824
_PRINT_EN: Final = "print it to PDF (Print > Save as PDF) and send that, or send pictures of its pages"
_PRINT_ZH: Final = "请用“打印—另存为 PDF”重新生成后再上传，或上传各页的照片"
_WHY: Final = {
    b"encrypted": ("this PDF needs a password: remove the password and send it again",
                   "该 PDF 需要密码才能打开，请取消密码后再上传"),
    b"damaged": (f"this PDF is damaged: {_PRINT_EN}", f"该 PDF 已损坏，{_PRINT_ZH}"),
    b"hollow": (f"the content of this PDF is in a form or in files inside it: {_PRINT_EN}",
                f"该 PDF 的内容在动态表单或内嵌文件中，{_PRINT_ZH}"),
}  # fmt: skip


async def redrawn_pdf(content: bytes, seconds: float = SECONDS) -> bytes:
    """The document as its pages show it; raises `Refused`."""
    cleaning = Sandbox(_JOB, seconds, MEMORY)
    try:
        answer, *paper = await cleaning(content)
    except Unfinished:
        en, zh = (
            f"this PDF needs too much time or memory to open: {_PRINT_EN}",
            f"该 PDF 过于复杂，无法处理，{_PRINT_ZH}",
        )
        raise wrong(en, zh) from None
    except OSError as fault:
        en = f"a PDF cannot be checked at present ({type(fault).__name__}); nothing was stored, send it again later"
        raise Refused(Code.UNAVAILABLE, en, "暂时无法处理 PDF，文件未保存，请稍后重新上传") from None
    finally:
        await cleaning.close()
    if not paper:
        raise wrong(*_WHY[answer])
    return paper[0]
