"""Makes PDFs like those of office programs: a page, with scripts, files and metadata."""

from functools import cache
from io import BytesIO
from typing import Any

import pikepdf
from pikepdf import Array, Dictionary, Name, String
from PIL import Image

from services.intake.attachments.paper_cleaning import cleaned

SEEN = b"0.9 0.1 0.1 rg 10 10 90 90 re f"


def marker(name: str) -> str:
    """A word that must not survive cleaning."""
    return f"SECRET-{name}"


def paper(**options: Any) -> bytes:
    """A page with a square and a photograph, and everything that must be removed from it."""
    document = pikepdf.new()
    document.add_blank_page(page_size=(200, 200))
    pdf = document.pages[0]
    pdf.Contents = document.make_stream(SEEN + b" q 90 0 0 90 100 100 cm /I Do Q")
    pdf.Resources = Dictionary(XObject=Dictionary(I=photograph(document), J=photograph(document, wrapped=True)))
    pdf.AA = Dictionary(O=_script("PAGE"))
    pdf.PieceInfo = Dictionary(Word=Dictionary(Private=String(marker("PIECE"))))
    link = Dictionary(Type=Name.Annot, Subtype=Name.Link, Rect=[0, 0, 9, 9], A=_script("LINK"))
    note = Dictionary(Type=Name.Annot, Subtype=Name.Text, Rect=[0, 0, 9, 9], T=String(marker("REVIEWER")))
    pdf.Annots = Array([document.make_indirect(link), document.make_indirect(note), filled(document)])
    document.Root.OpenAction = _script("OPEN")
    document.Root.Names = Dictionary(JavaScript=Dictionary(Names=["a", _script("NAMED")]))
    document.attachments["a.txt"] = pikepdf.AttachedFileSpec(document, marker("FILE").encode(), filename="a.txt")
    with document.open_metadata() as metadata:
        metadata["dc:creator"] = [marker("AUTHOR")]
    document.docinfo["/Author"] = marker("INFO")
    return _saved(document, **options)


def photograph(pdf: pikepdf.Pdf, wrapped: bool = False) -> Any:
    out, image = BytesIO(), Image.new("RGB", (20, 20), "red")
    exif = image.getexif()
    exif[0x010E] = marker("CAMERA")
    image.save(out, "JPEG", exif=exif, comment=marker("COMMENT"))
    stream = pdf.make_stream(out.getvalue())
    if wrapped:
        stream.write(out.getvalue().hex().encode() + b">", filter=Array([Name.ASCIIHexDecode, Name.DCTDecode]))
    else:
        stream.write(out.getvalue(), filter=Name.DCTDecode)
    for name, value in (("/Subtype", Name.Image), ("/Width", 20), ("/Height", 20), ("/BitsPerComponent", 8)):
        stream[name] = value
    stream["/ColorSpace"] = Name.DeviceRGB
    stream["/Metadata"] = pdf.make_stream(marker("PHOTOGRAPHER").encode())
    return stream


def filled(pdf: pikepdf.Pdf) -> Any:
    """A filled form field, whose visible text must stay."""
    look = pdf.make_stream(b"BT (filled-in) Tj ET")
    look["/Type"], look["/Subtype"], look["/BBox"] = Name.XObject, Name.Form, Array([0, 0, 50, 10])
    box = Array([10, 150, 60, 160])
    field = Dictionary(Type=Name.Annot, Subtype=Name.Widget, Rect=box, F=4, AP=Dictionary(N=look), AA=_script("FIELD"))
    field.FT, field.T = Name.Tx, String(marker("FIELDNAME"))
    field_reference = pdf.make_indirect(field)
    pdf.Root.AcroForm = Dictionary(Fields=Array([field_reference]))
    return field_reference


def hollow() -> bytes:
    """A portfolio: a cover page with embedded documents."""
    pdf = pikepdf.new()
    pdf.add_blank_page()
    pdf.Root.Collection = Dictionary(View=Name.D)
    return _saved(pdf)


def unfolded(content: bytes) -> bytes:
    """The whole content of a PDF, uncompressed."""
    with pikepdf.open(BytesIO(content)) as pdf:
        level = pikepdf.StreamDecodeLevel.specialized
        return _saved(pdf, compress_streams=False, stream_decode_level=level,
                      object_stream_mode=pikepdf.ObjectStreamMode.disable)  # fmt: skip


@cache
def plain() -> bytes:
    """A PDF that needs no cleaning."""
    pdf = pikepdf.new()
    pdf.add_blank_page()
    return cleaned([_saved(pdf)])[1]


def _script(name: str) -> Any:
    return Dictionary(S=Name.JavaScript, JS=String(marker(name)))


def _saved(pdf: pikepdf.Pdf, **options: Any) -> bytes:
    out = BytesIO()
    pdf.save(out, **options)
    return out.getvalue()
