"""The last page of a draft: the exact record, who is awaited, and opening it.

It asks twice: the record is made to be read first, and whoever opens it types its address.
"""

from typing import Annotated, Any

from fastapi import Query
from fastapi.responses import Response
from starlette.requests import Request

from undersigned.app.activity import acting
from undersigned.app.desk import Desk
from undersigned.app.desk_drafts import DeskDraft, get_draft, mark_opened
from undersigned.app.desk_opening import find_older, find_shown, open_shown
from undersigned.app.proposing import propose_letter
from undersigned.app.site import Site
from undersigned.domain.act import Act
from undersigned.domain.canonical import format_canonical
from undersigned.domain.letter import format_letter, format_text
from undersigned.domain.proposal import Proposal
from undersigned.domain.terms import LONGEST_LANG
from undersigned.encoding import parse_hex
from undersigned.errors import FormatError, LetterRefused, NotProposed, ProposalChanged, Refused
from undersigned.web.api.letters import seals_of
from undersigned.web.desk.drafting import (
    DraftId,
    Typed,
    base_of,
    common_values,
    is_open,
    judge,
)
from undersigned.web.desk.guard import AtDesk, Organiser, SignedIn
from undersigned.web.desk.routing import make_router, see_other
from undersigned.web.door import AtDoor
from undersigned.web.pages.choosing import choose_text
from undersigned.web.pages.letters import renderer_of
from undersigned.web.pages.markup import render_markdown
from undersigned.web.problems import code_of, status_of
from undersigned.web.static_files import find_bundle

router = make_router()


@router.get("/drafts/{draft}/review")
def review_draft(
    request: Request,
    signed_in: Organiser,
    desk: AtDesk,
    door: AtDoor,
    id_: DraftId,
    text: Annotated[str | None, Query(max_length=LONGEST_LANG)] = None,
) -> Response:
    """Show what would be opened, to the byte and in words, or what is missing for that."""
    draft = get_draft(desk, id_)
    if draft.letter_id is not None:
        return see_other(_letter_page(draft))
    site = door.running.site
    if is_open(site, draft):
        return see_other(_letter_page(draft))
    return _page(request, signed_in, desk, site, draft, text=text)


@router.post("/drafts/{draft}/propose")
def propose_draft(
    request: Request, signed_in: Organiser, desk: AtDesk, door: AtDoor, id_: DraftId
) -> Response:
    """Fix the letter, so that it can be read and acknowledged; nothing is published."""
    draft, site = get_draft(desk, id_), door.running.site
    if draft.letter_id is not None:
        return see_other(_letter_page(draft))
    reading, problems, _ = judge(site, draft)
    if problems or reading.draft is None:
        return _page(request, signed_in, desk, site, draft, status=422)
    try:
        with acting(desk, signed_in.account, Act.PROPOSE_LETTER, draft.slug, draft.edition):
            propose_letter(site, reading.draft, find_bundle())
    except Refused as error:
        return _page(request, signed_in, desk, site, draft, refused=error)
    return see_other(f"{base_of(id_)}/review")


@router.post("/drafts/{draft}/open")
def open_draft(
    request: Request,
    signed_in: Organiser,
    desk: AtDesk,
    door: AtDoor,
    id_: DraftId,
    typed: Typed,
) -> Response:
    """Open the letter that was shown, for good. The same again leads to the opened letter."""
    draft, site = get_draft(desk, id_), door.running.site
    if draft.letter_id is not None:
        return see_other(_letter_page(draft))
    if typed.get("slug", "").strip() != draft.slug:
        return _page(request, signed_in, desk, site, draft, status=422, refusal="unconfirmed")
    try:
        shown = parse_hex(typed.get("letter_id", ""), 32)
        draft_now = judge(site, draft)[0].draft
        if draft_now is None:
            raise NotProposed
        with acting(desk, signed_in.account, Act.OPEN_LETTER, draft.slug, draft.edition):
            letter = open_shown(site, draft_now, shown, find_bundle())
    except FormatError:
        return _page(request, signed_in, desk, site, draft, refused=ProposalChanged())
    except Refused as error:
        return _page(request, signed_in, desk, site, draft, refused=error)
    # A crash here leaves a draft whose letter is open: its pages lead to the letter (`is_open`).
    mark_opened(desk, id_, letter.letter_id)
    return see_other(_letter_page(draft), done="letter-opened")


def _letter_page(draft: DeskDraft) -> str:
    return f"/desk/letters/{draft.slug}"


def _page(
    request: Request,
    signed_in: SignedIn,
    desk: Desk,
    site: Site,
    draft: DeskDraft,
    *,
    text: str | None = None,
    status: int = 200,
    refusal: str = "",
    refused: Refused | None = None,
) -> Response:
    reading, problems, advice = judge(site, draft)
    proposal = None
    if reading.draft is not None and not problems:
        proposal = find_shown(site, reading.draft, find_bundle())
    detail = ""
    if refused is not None:
        status, refusal = status_of(type(refused)), code_of(type(refused))
        detail = (
            "; ".join(refused.problems) if isinstance(refused, LetterRefused) else refused.detail
        )
    values: dict[str, Any] = common_values(draft, draft.fields) | {
        "problems": problems,
        "advice": advice,
        "proposal": proposal,
        "older": find_older(site, draft.slug, draft.edition),
        "refusal": refusal,
        "detail": detail,
    }
    if proposal is not None:
        tag = renderer_of(request).language_of(request).tag
        values |= _shown(proposal, text, tag, desk.url, site.clock.now())
    return renderer_of(request).desk_page(
        request, signed_in, "desk/draft_review.html", values, status=status
    )


def _shown(proposal: Proposal, asked: str | None, tag: str, url: str, now: int) -> dict[str, Any]:
    """Return what the page says of a letter that is fixed."""
    text = choose_text(proposal.texts, asked, tag)
    letter = proposal.letter
    return {
        "letter": letter,
        "name": f"{letter.slug}@{letter.edition}",
        "text": text,
        "html": render_markdown(text.text),
        "seals": seals_of(letter),
        "awaited": proposal.awaited,
        "proposal_url": f"{url}/proposals/{letter.letter_id.hex()}",
        "record": format_canonical(format_letter(letter)).decode(),
        "documents": [
            {"lang": each.lang, "hash": ref.hash.hex(), "content": format_text(each).decode()}
            for ref, each in zip(letter.texts, proposal.texts, strict=True)
        ],
        "now": now,
    }
