"""The desk's page of a letter's answers: links for its addressees, and answers that came elsewhere.

A link is shown once, on the page that answers the form; only its hash is kept.
"""

from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from fastapi.responses import Response
from starlette.requests import Request

from undersigned.app import reading
from undersigned.app.activity import acting
from undersigned.app.answering import (
    LINK_DAYS,
    list_addresses,
    list_answer_links,
    new_answer_link,
    record_answer,
    revoke_answer_link,
)
from undersigned.app.answers import get_answers
from undersigned.domain.act import Act
from undersigned.domain.plain import check_words, clean_words
from undersigned.domain.response import LONGEST_ANSWER, LONGEST_TOLD_BY
from undersigned.errors import FormatError, UnknownLink
from undersigned.web.desk.guard import AtDesk, Organiser, SignedIn
from undersigned.web.desk.letter import letter_values
from undersigned.web.desk.routing import make_router, see_other
from undersigned.web.door import AtDoor, Door
from undersigned.web.pages.answering import TypedReply, find_problems, read_replies, replies_of
from undersigned.web.pages.forms import AtForm, Typed
from undersigned.web.pages.letters import renderer_of

router = make_router()


@dataclass(frozen=True, slots=True)
class Shown:
    """What the page shows beside the letter's answers: a new link, or what was typed and is wrong."""

    link: str | None = None
    link_for: int | None = None
    address: str = ""
    address_problem: bool = False
    typed: dict[str, TypedReply] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)
    told_by: str = ""
    told_by_problem: str = ""
    lang: str | None = None
    step: str = "form"

    @property
    def status(self) -> HTTPStatus:
        """The status of the page."""
        is_wrong = self.problems or self.told_by_problem or self.address_problem
        return HTTPStatus.UNPROCESSABLE_ENTITY if is_wrong else HTTPStatus.OK


@router.get("/letters/{slug}/answers")
def show_answers(request: Request, signed_in: Organiser, door: AtDoor, slug: str) -> Response:
    """Show what was answered, who has a link, and a form for what came elsewhere."""
    return _page(request, signed_in, door, slug, Shown())


@router.post("/letters/{slug}/answers/links")
def make_link(
    request: Request, signed_in: Organiser, desk: AtDesk, door: AtDoor, slug: str, form: AtForm
) -> Response:
    """Make an addressee's link, and mail it or show it once; the one before is good no longer."""
    number, address = _number(form), form.get("address", "").strip()
    url = desk.url if form.get("by") == "mail" else None
    try:
        with acting(desk, signed_in.account, Act.MAKE_ANSWER_LINK, slug, number):
            site, letters = door.running.site, door.running.letters
            token = new_answer_link(site, letters, slug, number, address, mail_from=url)
    except FormatError:
        shown = Shown(link_for=number, address=address, address_problem=True)
    else:
        if url is not None:
            return see_other(f"/desk/letters/{slug}/answers", done="sent")
        shown = Shown(link=f"{desk.url}/answer/{token}", link_for=number)
    return _page(request, signed_in, door, slug, shown)


@router.post("/letters/{slug}/answers/revoke")
def revoke_link(
    signed_in: Organiser, desk: AtDesk, door: AtDoor, slug: str, form: AtForm
) -> Response:
    """Take an addressee's link back; one that is gone is gone."""
    number = _number(form)
    try:
        with acting(desk, signed_in.account, Act.REVOKE_ANSWER_LINK, slug, number):
            revoke_answer_link(door.running.site, door.running.letters, slug, number)
    except UnknownLink:
        return see_other(f"/desk/letters/{slug}/answers", done="gone")
    return see_other(f"/desk/letters/{slug}/answers", done="revoked")


@router.post("/letters/{slug}/answers")
def record(
    request: Request, signed_in: Organiser, desk: AtDesk, door: AtDoor, slug: str, form: AtForm
) -> Response:
    """Show an answer that came elsewhere as it would be public, or record it."""
    site, letters = door.running.site, door.running.letters
    view = reading.get_view(site, letters, slug)
    typed = read_replies(form, view.letter.demands)
    langs = [text.lang for text in view.letter.texts]
    lang = form.get("lang", "") if form.get("lang", "") in langs else langs[0]
    told_by = clean_words(form.get("told_by", "")) or ""
    problems, problem = find_problems(typed), _problem_of_source(told_by)
    step = form.get("step")
    if step == "edit":
        problems, problem = {}, ""
    if problems or problem or step not in ("review", "give"):
        shown = Shown(
            typed=typed, problems=problems, told_by=told_by, told_by_problem=problem, lang=lang
        )
        return _page(request, signed_in, door, slug, shown)
    if step == "review":
        shown = Shown(typed=typed, told_by=told_by, lang=lang, step="review")
        return _page(request, signed_in, door, slug, shown)
    replies = replies_of(typed)
    with acting(desk, signed_in.account, Act.RECORD_ANSWER, slug, len(replies)):
        record_answer(site, letters, slug, replies, told_by, lang)
    return see_other(f"/desk/letters/{slug}/answers", done="recorded")


def _number(form: Typed) -> int:
    text = form.get("addressee", "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 4 else 0


def _problem_of_source(told_by: str) -> str:
    if not told_by:
        return "missing"
    if len(told_by) > LONGEST_TOLD_BY:
        return "long"
    try:
        check_words(told_by, "source", longest=LONGEST_TOLD_BY)
    except FormatError:
        return "characters"
    return ""


def _page(request: Request, signed_in: SignedIn, door: Door, slug: str, shown: Shown) -> Response:
    site, letters = door.running.site, door.running.letters
    common = letter_values(door, signed_in, slug)
    page, text = common["page"], common["text"]
    links = {link.addressee: link for link in list_answer_links(site, letters, slug)}
    nothing = {demand: TypedReply() for demand in page.letter.demands}
    values: dict[str, Any] = common | {
        "slug": slug,
        "names": page.texts[0].addressees,
        "names_lang": page.texts[0].lang,
        "answers": get_answers(site, letters, slug),
        "links": links,
        "addresses": list_addresses(site, letters, slug),
        "link_days": LINK_DAYS,
        "langs": [each.lang for each in page.texts],
        "lang": shown.lang or text.lang,
        "typed": nothing | shown.typed,
        "shown": shown,
        "problems": shown.problems,
        "longest": LONGEST_ANSWER,
        "longest_source": LONGEST_TOLD_BY,
    }
    return renderer_of(request).desk_page(
        request, signed_in, "desk/answers.html", values, status=shown.status
    )
