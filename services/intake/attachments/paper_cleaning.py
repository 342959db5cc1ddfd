"""Makes a PDF anew from what its pages show; runs in a process of its own, and only that process imports this module.

Rule: ISO 32000-1, 7.7.2 (the catalogue), 7.7.3.3 (a page), 12 (annotations, actions, forms), 14.3 (metadata).
"""

from collections.abc import Iterator, Sequence
from io import BytesIO
from typing import Any, Final

import pikepdf

from services.intake.attachments.jpeg_segments import bare

CLEAN, ENCRYPTED, DAMAGED, HOLLOW = b"clean", b"encrypted", b"damaged", b"hollow"
"""The results: the clean document, or why there is none. `HOLLOW`: its content is in a form or in files within it."""
# Everything that a viewer needs to show the pages. Scripts, actions, forms, names, files and metadata have other keys.
_CATALOGUE: Final = frozenset({"/Type", "/Pages", "/OCProperties", "/PageLabels", "/Version", "/Extensions"})
_PAGE: Final = frozenset(
    {
        *("/Type", "/Parent", "/Resources", "/Contents", "/Group", "/Rotate", "/UserUnit", "/MediaBox", "/CropBox"),
        *("/BleedBox", "/TrimBox", "/ArtBox"),
    }
)
# Removed wherever they occur: author, program, dates and enclosed data.
_TELLING: Final = frozenset(
    {
        *("/Metadata", "/PieceInfo", "/LastModified", "/AF", "/AA", "/OpenAction", "/JS", "/JavaScript", "/EF"),
        *("/EmbeddedFiles", "/Ref", "/OPI", "/Usage", "/Creator", "/Author", "/Private"),
    }
)
_UNREADABLE: Final = (pikepdf.PdfError, ValueError, TypeError, LookupError, AttributeError, RuntimeError)


def cleaned(given: Sequence[bytes]) -> list[bytes]:
    """Clean one PDF; returns `[CLEAN, pdf]`, or `[reason]`."""
    try:
        with pikepdf.open(BytesIO(given[0])) as paper:
            if _is_hollow(paper.Root):
                return [HOLLOW]
            return [CLEAN, _bare(paper)] if len(paper.pages) else [DAMAGED]
    except pikepdf.PasswordError:
        return [ENCRYPTED]
    except _UNREADABLE:
        return [DAMAGED]


def _is_hollow(catalogue: Any) -> bool:
    return bool(catalogue.get("/NeedsRendering", False)) or "/Collection" in catalogue


def _bare(paper: pikepdf.Pdf) -> bytes:
    # Filled fields and stamps become part of the page; annotations without an appearance are removed.
    paper.flatten_annotations("screen")
    for page in paper.pages:
        _keep(page.obj, _PAGE)
    _keep(paper.Root, _CATALOGUE)
    for name in ("/Info", "/ID"):
        if name in paper.trailer:
            del paper.trailer[name]
    for entry in _dictionaries(paper):
        for name in _TELLING & set(entry.keys()):
            del entry[name]
        if isinstance(entry, pikepdf.Stream):
            _strip_jpeg(paper, entry)
    buffer = BytesIO()
    # Compressed streams stay compressed, so that a page that expands to gigabytes is never expanded here.
    paper.save(
        buffer, stream_decode_level=pikepdf.StreamDecodeLevel.none, encryption=False, fix_metadata_version=False,
        object_stream_mode=pikepdf.ObjectStreamMode.generate, deterministic_id=True,
    )  # fmt: skip
    return buffer.getvalue()


def _keep(entry: Any, names: frozenset[str]) -> None:
    for name in set(entry.keys()) - names:
        del entry[name]


def _dictionaries(paper: pikepdf.Pdf) -> Iterator[Any]:
    """All dictionaries and streams, also those within others."""
    waiting: list[Any] = list(paper.objects)
    while waiting:
        entry = waiting.pop()
        match entry:
            case pikepdf.Dictionary() | pikepdf.Stream():
                yield entry
                waiting.extend(value for _, value in entry.items() if not _has_a_number(value))
            case pikepdf.Array():
                waiting.extend(value for value in entry if not _has_a_number(value))


def _has_a_number(value: Any) -> bool:
    """Whether it is an indirect object of the file, which is visited anyway."""
    return isinstance(value, pikepdf.Object) and value.is_indirect


def _strip_jpeg(paper: pikepdf.Pdf, stream: pikepdf.Stream) -> None:
    """Remove the camera's data from a photograph. A document holds it as the camera wrote it, sometimes compressed once
    more."""
    given = stream.get("/Filter")
    filters = list(given) if isinstance(given, pikepdf.Array) else [given]
    if filters[-1:] != [pikepdf.Name.DCTDecode]:
        return
    wrapped = paper.make_stream(stream.read_raw_bytes())
    if filters[:-1]:
        wrapped.Filter = pikepdf.Array(filters[:-1])
    stream.write(bare(wrapped.read_bytes()), filter=pikepdf.Name.DCTDecode)
