"""One signature at the desk: its statement hidden or shown again, its name erased."""

from typing import Annotated, Any

from fastapi import Path
from fastapi.responses import Response
from pydantic import Field as Limits
from starlette.requests import Request

from undersigned.app.activity import acting
from undersigned.app.hiding import hide_statement, show_statement
from undersigned.app.moderating import erase_name
from undersigned.app.names import get_signature
from undersigned.domain.act import Act
from undersigned.domain.explanation import LONGEST_EXPLANATION, clean_explanation
from undersigned.domain.reasons import EraseReason, HideReason
from undersigned.errors import FormatError, NothingToErase, NothingToHide
from undersigned.web.api.decimals import DECIMAL, GREATEST
from undersigned.web.desk.guard import AtDesk, Organiser, SignedIn
from undersigned.web.desk.letter import letter_values
from undersigned.web.desk.routing import make_router, see_other
from undersigned.web.door import AtDoor, Door
from undersigned.web.pages.forms import AtForm
from undersigned.web.pages.letters import renderer_of

router = make_router()

Leaf = Annotated[int, Limits(ge=0, le=GREATEST), DECIMAL, Path()]


@router.get("/letters/{slug}/signatures/{leaf}")
def show_one(
    request: Request, signed_in: Organiser, door: AtDoor, slug: str, leaf: Leaf
) -> Response:
    """Show a signature, and what can be done to it."""
    return _page(request, signed_in, door, slug, leaf)


@router.post("/letters/{slug}/signatures/{leaf}/hide")
def hide(
    request: Request,
    signed_in: Organiser,
    desk: AtDesk,
    door: AtDoor,
    slug: str,
    leaf: Leaf,
    form: AtForm,
) -> Response:
    """Hide the words beside a name, with a public reason."""
    running = door.running
    reason, words = form.get("reason", ""), form.get("words", "")
    problems = _problems_of(reason, words)
    if problems:
        written = {"reason": reason, "words": words}
        return _page(request, signed_in, door, slug, leaf, written=written, problems=problems)
    why, text = HideReason(reason), clean_explanation(words)
    try:
        with acting(desk, signed_in.account, Act.HIDE_STATEMENT, slug.partition("@")[0], reason):
            hide_statement(running.site, running.letters, slug, leaf, why, text)
    except NothingToHide:
        return _page(request, signed_in, door, slug, leaf, problems={"hide": "nothing"})
    return see_other(f"/desk/letters/{slug}/signatures/{leaf}", done="hidden")


@router.post("/letters/{slug}/signatures/{leaf}/show")
def show_again(
    request: Request, signed_in: Organiser, desk: AtDesk, door: AtDoor, slug: str, leaf: Leaf
) -> Response:
    """Show the words beside a name again."""
    running = door.running
    try:
        with acting(desk, signed_in.account, Act.SHOW_STATEMENT, slug.partition("@")[0]):
            show_statement(running.site, running.letters, slug, leaf)
    except NothingToHide:
        return _page(request, signed_in, door, slug, leaf, problems={"hide": "nothing"})
    return see_other(f"/desk/letters/{slug}/signatures/{leaf}", done="shown")


@router.post("/letters/{slug}/signatures/{leaf}/erase")
def erase(
    request: Request,
    signed_in: Organiser,
    desk: AtDesk,
    door: AtDoor,
    slug: str,
    leaf: Leaf,
    form: AtForm,
) -> Response:
    """Erase a name, for good, once that was confirmed."""
    running = door.running
    reason = form.get("reason", "")
    problems: dict[str, str] = {}
    if reason not in {each.value for each in EraseReason}:
        problems["erase-reason"] = "choose"
    if form.get("sure") != "yes":
        problems["sure"] = "sure"
    if problems:
        return _page(request, signed_in, door, slug, leaf, problems=problems, erase=reason)
    try:
        with acting(desk, signed_in.account, Act.ERASE_NAME, slug.partition("@")[0], reason):
            erase_name(running.site, running.letters, slug, leaf, EraseReason(reason))
    except NothingToErase:
        return _page(request, signed_in, door, slug, leaf, problems={"erase": "nothing"})
    return see_other(f"/desk/letters/{slug}/signatures/{leaf}", done="erased")


def _problems_of(reason: str, words: str) -> dict[str, str]:
    problems: dict[str, str] = {}
    if reason not in {each.value for each in HideReason}:
        problems["hide-reason"] = "choose"
    try:
        clean_explanation(words)
    except FormatError:
        long = len(words.strip()) > LONGEST_EXPLANATION
        problems["words"] = "empty" if not words.strip() else "long" if long else "odd"
    return problems


def _page(
    request: Request,
    signed_in: SignedIn,
    door: Door,
    slug: str,
    leaf: int,
    *,
    written: dict[str, str] | None = None,
    problems: dict[str, str] | None = None,
    erase: str = "",
) -> Response:
    running = door.running
    values: dict[str, Any] = letter_values(door, signed_in, slug) | {
        "signature": get_signature(running.site, running.letters, slug, leaf),
        "written": written or {"reason": "", "words": ""},
        "erase_reason": erase,
        "problems": problems or {},
        "hide_reasons": [each.value for each in HideReason],
        "erase_reasons": [each.value for each in EraseReason],
        "longest": LONGEST_EXPLANATION,
    }
    return renderer_of(request).desk_page(
        request,
        signed_in,
        "desk/signature.html",
        values,
        status=422 if problems else 200,
    )
