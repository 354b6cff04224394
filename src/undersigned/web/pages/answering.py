"""The addressee's page: a link of their own, each demand answered once, looked at before it is sent.

GET shows and changes nothing. POST goes by the button that was pressed: `review` shows what would be
sent, `edit` goes back to the form, `give` records it. Nothing typed is lost.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

from fastapi import APIRouter
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from starlette.requests import Request

from undersigned.app import reading
from undersigned.app.answering import AnswerLink, Reply, get_answer_link, give_answer
from undersigned.domain.letter import TextDocument
from undersigned.domain.plain import check_words, clean_words
from undersigned.domain.reasons import DemandState
from undersigned.domain.response import LONGEST_ANSWER
from undersigned.errors import AnsweredBefore, FormatError, UnknownLink
from undersigned.web.door import AtDoor, Door
from undersigned.web.pages.choosing import choose_text
from undersigned.web.pages.forms import AtForm, Typed
from undersigned.web.pages.letters import renderer_of

NOTHING: Final = "nothing"
"""The problem of a form in which no demand is answered."""

router = APIRouter(tags=["pages"], default_response_class=HTMLResponse)


@dataclass(frozen=True, slots=True)
class TypedReply:
    """What was chosen for one demand, and what was typed to it; both may be empty."""

    state: str = ""
    text: str = ""


@router.get("/answer/{token}")
def show_answering(request: Request, door: AtDoor, token: str, done: str = "") -> Response:
    """Show what a link can answer; nothing is changed by that."""
    try:
        link = _get(door, token)
    except UnknownLink:
        return show_gone(request)
    return _page(request, door, link, Shown(done=done == "1"))


@router.post("/answer/{token}")
def answer(request: Request, door: AtDoor, token: str, form: AtForm) -> Response:
    """Show what would be sent, or record it."""
    try:
        link = _get(door, token)
        typed = read_replies(form, link.letter.demands)
        lang = form.get("lang", "")
        problems = find_problems(typed)
        langs = [text.lang for text in link.view.letter.texts]
        lang = lang if lang in langs else langs[0]
        step = form.get("step")
        if problems or step not in ("review", "give"):
            problems = {} if step == "edit" else problems
            return _page(request, door, link, Shown(typed=typed, problems=problems, lang=lang))
        if step == "review":
            return _page(request, door, link, Shown(typed=typed, lang=lang, step="review"))
        give_answer(door.running.site, door.running.letters, token, replies_of(typed), lang)
    except UnknownLink:
        return show_gone(request)
    except AnsweredBefore:
        return _page(request, door, _get(door, token), Shown(refused=True))
    return see_other(request, done="1")


def _get(door: Door, token: str) -> AnswerLink:
    return get_answer_link(door.running.site, door.running.letters, token)


# --- what was typed


def read_replies(form: Typed, demands: Sequence[str]) -> dict[str, TypedReply]:
    """Return what was typed to each demand, cleaned of what no one sees."""
    return {
        demand: TypedReply(
            form.get(f"state-{demand}", ""), clean_words(form.get(f"text-{demand}", "")) or ""
        )
        for demand in demands
    }


def find_problems(typed: Mapping[str, TypedReply]) -> dict[str, str]:
    """Return what is wrong, by demand; `NOTHING` under an empty id if none is answered."""
    problems = {demand: problem for demand, it in typed.items() if (problem := _problem(it))}
    if not problems and not any(it.state for it in typed.values()):
        return {"": NOTHING}
    return problems


def _problem(it: TypedReply) -> str | None:
    if len(it.text) > LONGEST_ANSWER:
        return "long"
    try:
        check_words(it.text or None, "text", longest=LONGEST_ANSWER)
    except FormatError:
        return "characters"
    if it.state not in ("", *DemandState) or (it.text and not it.state):
        return "state"
    return None


def replies_of(typed: Mapping[str, TypedReply]) -> list[Reply]:
    """Return the answers among what was typed."""
    return [
        Reply(demand, DemandState(it.state), it.text or None)
        for demand, it in typed.items()
        if it.state
    ]


# --- pages


@dataclass(frozen=True, slots=True)
class Shown:
    """What a page shows beside the link: what was typed, what is wrong with it, what was done."""

    typed: Mapping[str, TypedReply] | None = None
    problems: Mapping[str, str] | None = None
    lang: str | None = None
    step: str = "form"
    done: bool = False
    refused: bool = False

    @property
    def status(self) -> HTTPStatus:
        """The status of the page."""
        if self.refused:
            return HTTPStatus.CONFLICT
        return HTTPStatus.UNPROCESSABLE_ENTITY if self.problems else HTTPStatus.OK


def _page(request: Request, door: Door, link: AnswerLink, shown: Shown) -> Response:
    renderer = renderer_of(request)
    name = f"{link.letter.slug}@{link.letter.edition}"
    page = reading.get_page(door.running.site, door.running.letters, name)
    text: TextDocument = choose_text(page.texts, None, renderer.language_of(request).tag)
    values: dict[str, Any] = {
        "link_of": link,
        "action": request.scope["path"],
        "slug": name,
        "text": text,
        "name": link.name,
        "langs": [each.lang for each in page.texts],
        "lang": shown.lang or text.lang,
        "typed": shown.typed or {demand: TypedReply() for demand in link.letter.demands},
        "problems": shown.problems or {},
        "step": shown.step,
        "done": shown.done,
        "refused": shown.refused,
        "longest": LONGEST_ANSWER,
    }
    response = renderer.page(request, "answer.html", values, status=shown.status, forms=True)
    response.headers["Cache-Control"] = "no-store"
    return response


def show_gone(request: Request) -> Response:
    """Say that a link is good no longer, whatever it was."""
    response = renderer_of(request).page(request, "link_gone.html", {}, status=HTTPStatus.NOT_FOUND)
    response.headers["Cache-Control"] = "no-store"
    return response


def see_other(request: Request, token: str | None = None, **query: str) -> Response:
    """Let the browser GET the page of the same link, or of another `token`, in the same language."""
    lang = request.query_params.get("lang")
    pairs = query | ({"lang": lang} if lang in ("en", "id") else {})
    path = "" if token is None else token
    address = f"{path}?{'&'.join(f'{name}={value}' for name, value in pairs.items())}"
    headers = {"Cache-Control": "no-store"}
    return RedirectResponse(address, HTTPStatus.SEE_OTHER, headers=headers)
