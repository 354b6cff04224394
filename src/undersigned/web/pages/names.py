"""The names under a letter: page by page, searched, and one at a time with its proof.

Nobody is told who has not signed. These pages ask search engines to leave them out: whoever signs a
letter has not asked to be found by it for ever.
"""

import re
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Path, Query
from fastapi.responses import HTMLResponse, Response
from pydantic import Field
from starlette.requests import Request

from undersigned.app import reading
from undersigned.app.names import Signature, get_names, get_signature
from undersigned.app.proving import find_proof
from undersigned.app.site import Site
from undersigned.errors import FormatError, StoreError, VerificationError
from undersigned.tlog.checkpoint import parse_checkpoint_body
from undersigned.tlog.note import parse_note
from undersigned.tlog.proof import parse_proof
from undersigned.web.api.decimals import DECIMAL, GREATEST
from undersigned.web.door import AtDoor
from undersigned.web.pages.address import find_base_url
from undersigned.web.pages.choosing import choose_text
from undersigned.web.pages.letters import renderer_of, values_of

LONGEST_QUERY = 200
"""Characters: twice the longest name."""

GREATEST_PAGE = 10**6

_SPACES = re.compile(r"\s+")

router = APIRouter(tags=["pages"], default_response_class=HTMLResponse)


@router.get("/letters/{slug}/names")
def show_names(
    request: Request,
    door: AtDoor,
    slug: str,
    q: Annotated[str, Query(max_length=LONGEST_QUERY)] = "",
    page: Annotated[int, Field(ge=1, le=GREATEST_PAGE), DECIMAL, Query()] = 1,
) -> Response:
    """Show a page of names, of all of them or of those that match a search."""
    renderer, running = renderer_of(request), door.running
    letter_page = reading.get_page(running.site, running.letters, slug)
    text = choose_text(
        letter_page.texts, None, renderer.language_of(request, letter_page.texts).tag
    )
    query = _SPACES.sub(" ", q).strip()
    values = values_of(letter_page, text, running.site.clock.now()) | {
        "names": get_names(running.site, running.letters, slug, query=query, number=page),
        "query": query,
    }
    # What somebody has looked for is kept nowhere.
    return renderer.page(
        request, "names.html", values, forms=True, texts=letter_page.texts, kept=not q
    )


@router.get("/letters/{slug}/names/{leaf}")
def show_name(
    request: Request,
    door: AtDoor,
    slug: str,
    leaf: Annotated[int, Field(ge=0, le=GREATEST), DECIMAL, Path()],
) -> Response:
    """Show one signature, what is shown of its signer, and the proof that it is in the log."""
    renderer, running = renderer_of(request), door.running
    letter_page = reading.get_page(running.site, running.letters, slug)
    signature = get_signature(running.site, running.letters, slug, leaf)
    text = choose_text(
        letter_page.texts, None, renderer.language_of(request, letter_page.texts).tag
    )
    has_ended = signature.row.status != "live"
    proof = None if has_ended else _read_proof(running.site, signature)
    values = values_of(letter_page, text, running.site.clock.now()) | {
        "signature": signature,
        "signer": None if has_ended else signature.shown,
        "proof": proof,
        "tree": _size_of(proof),
        "base": find_base_url(request, running),
    }
    status = HTTPStatus.GONE if has_ended else HTTPStatus.OK
    return renderer.page(request, "name.html", values, status=status, texts=letter_page.texts)


def _read_proof(site: Site, signature: Signature) -> str | None:
    """Return the text of the proof; None while the checkpoint that covers it is not published."""
    try:
        proof = find_proof(site, signature.leaf_hash)
    except (FormatError, VerificationError):
        raise StoreError("the published checkpoint is damaged") from None
    return None if proof is None else proof.decode()


def _size_of(proof: str | None) -> int | None:
    if proof is None:
        return None
    checkpoint = parse_note(parse_proof(proof.encode()).checkpoint)
    return parse_checkpoint_body(checkpoint.text).size
