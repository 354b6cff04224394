"""`/documents`: what the log names by its hash, served so that nothing in it can run."""

from typing import Annotated, Final

from fastapi import APIRouter, Path, Response

from undersigned.app.reading import get_document
from undersigned.encoding import parse_hex
from undersigned.web.api.models import HASH
from undersigned.web.door import AtDoor

router = APIRouter(tags=["log"])

CSP: Final = "sandbox; default-src 'none'; frame-ancestors 'none'"
"""A document may hold what a member wrote."""

FOREVER: Final = "public, max-age=31536000, immutable"


@router.get(
    "/documents/{digest}",
    response_class=Response,
    responses={
        200: {
            "description": "the bytes with this SHA-256",
            "content": {"application/json": {}, "application/octet-stream": {}},
        }
    },
)
def read_document(door: AtDoor, digest: Annotated[str, Path(json_schema_extra=HASH)]) -> Response:
    """Return the document with this SHA-256 (hex)."""
    content = get_document(door.running.site, parse_hex(digest, 32))
    return Response(
        content,
        media_type=_media_type(content),
        headers={"Cache-Control": FOREVER, "Content-Security-Policy": CSP},
    )


def _media_type(content: bytes) -> str:
    """Every document of ours is a canonical JSON object or a sealed blob, which starts with n ≤ 16."""
    return "application/json" if content.startswith(b"{") else "application/octet-stream"
