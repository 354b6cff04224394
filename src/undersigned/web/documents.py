"""`/documents`: what the log names by its hash, served so that nothing in it can run."""

from typing import Annotated, Final

from fastapi import APIRouter, Path, Response

from undersigned.app.pdf import get_pdf
from undersigned.app.reading import get_document
from undersigned.domain.explanation import parse_explanation
from undersigned.encoding import parse_hex
from undersigned.errors import FormatError
from undersigned.web.api.models import HASH
from undersigned.web.door import AtDoor

router = APIRouter(tags=["log"])

CSP: Final = "sandbox; default-src 'none'; frame-ancestors 'none'"
"""A document may hold what a member wrote."""

FOREVER: Final = "public, max-age=31536000, immutable"

FOR_NOW: Final = "public, max-age=600"
"""A name can be erased, and a PDF holds names: what keeps copies must come and ask again."""

PDF: Final = "application/pdf"

PDF_CSP: Final = (
    "default-src 'none'; object-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'none'"
)
"""Browsers show a PDF by a page of their own, which may load the PDF and has its own styles."""


@router.get(
    "/documents/{digest}",
    response_class=Response,
    responses={
        200: {
            "description": "the bytes with this SHA-256",
            "content": {
                "application/json": {},
                "application/octet-stream": {},
                "application/pdf": {},
                "text/plain": {},
            },
        }
    },
)
def read_document(door: AtDoor, digest: Annotated[str, Path(json_schema_extra=HASH)]) -> Response:
    """Return the document with this SHA-256 (hex)."""
    content = get_document(door.running.site, parse_hex(digest, 32))
    media_type = _media_type(content)
    is_name = content.startswith(_NAME) or media_type in (_SEALED, PDF)
    headers = {"Cache-Control": FOR_NOW if is_name else FOREVER, "Content-Security-Policy": CSP}
    return Response(content, media_type=media_type, headers=headers)


@router.get(
    "/letters/{slug}/letter.pdf",
    response_class=Response,
    responses={200: {"description": "the letter as a PDF", "content": {PDF: {}}}},
)
def read_pdf(door: AtDoor, slug: str) -> Response:
    """Return the PDF of a released letter: the document that the newest of its `pdf` notices names."""
    digest, content = get_pdf(door.running.site, door.running.letters, slug)
    headers = {
        "Cache-Control": FOR_NOW,
        "Content-Disposition": 'inline; filename="letter.pdf"',
        "Content-Security-Policy": PDF_CSP,
        "ETag": f'"{digest.hex()}"',
    }
    return Response(content, media_type=PDF, headers=headers)


_SEALED: Final = "application/octet-stream"

_NAME: Final = b'{"attestation":'
"""Canonical JSON begins with the first member: of all documents only a name has this one."""


def _media_type(content: bytes) -> str:
    """A document is a canonical JSON object, a PDF, an explanation, or a sealed blob, which is no UTF-8."""
    if content.startswith(b"%PDF-"):
        return PDF
    if content.startswith(b'{"'):
        return "application/json"
    try:
        parse_explanation(content)
    except FormatError:
        return _SEALED
    return "text/plain"
