"""The page of a letter."""

from typing import Annotated, Any, Final, cast

from fastapi import APIRouter, Query
from fastapi.responses import HTMLResponse, Response
from starlette.requests import Request

from undersigned.app import reading
from undersigned.app.answers import get_answers
from undersigned.app.following_through import get_follow_up
from undersigned.app.guarantees import list_guarantees
from undersigned.app.log import find_cosigners
from undersigned.app.names import get_names
from undersigned.app.pdf import has_pdf
from undersigned.app.reading import LetterPage
from undersigned.app.struck import get_struck
from undersigned.domain.letter import Mode, TextDocument
from undersigned.domain.terms import LONGEST_LANG
from undersigned.tlog.policy import printable
from undersigned.web.api.letters import seals_of
from undersigned.web.door import AtDoor
from undersigned.web.pages.address import find_base_url
from undersigned.web.pages.charts import Charts
from undersigned.web.pages.choosing import choose_text
from undersigned.web.pages.markup import render_markdown
from undersigned.web.pages.rendering import Renderer
from undersigned.web.pages.share import element_code, make_share
from undersigned.web.pages.timeline import Timelines

LIVE_SCRIPT: Final = "dist/live.js"
GROWTH_SCRIPT: Final = "dist/growth.js"

router = APIRouter(tags=["pages"], default_response_class=HTMLResponse)


def renderer_of(request: Request) -> Renderer:
    """Return what renders the pages of this site."""
    return cast("Renderer", request.app.state.renderer)


@router.get("/letters/{slug}")
def show_letter(
    request: Request,
    door: AtDoor,
    slug: str,
    text: Annotated[str | None, Query(max_length=LONGEST_LANG)] = None,
) -> Response:
    """Show a letter, its numbers, how it grew and the first of its names."""
    renderer, running = renderer_of(request), door.running
    page = reading.get_page(running.site, running.letters, slug)
    language = renderer.language_of(request, page.texts)
    shown = choose_text(page.texts, text, language.tag)
    charts = cast("Charts", request.app.state.charts)
    base = find_base_url(request, running)
    share = make_share(page, shown, language, base)
    timelines = cast("Timelines", request.app.state.timelines)
    growth = charts.get(running, page)
    answers = get_answers(running.site, running.letters, slug)
    guarantees = list_guarantees(running.site, running.letters, slug)
    values = values_of(page, shown, running.site.clock.now()) | {
        "html": render_markdown(shown.text),
        "has_pdf": has_pdf(running.site, page.letter.letter_id),
        "growth": growth,
        "is_read_by_script": True,
        "timeline": timelines.get(running, page, growth, answers, guarantees),
        "names": get_names(running.site, running.letters, slug, query="", number=1),
        "query": "",
        "struck": get_struck(running.site, running.letters, slug),
        "answers": answers,
        "follow_up": get_follow_up(running.site, running.letters, slug),
        "base": base,
        "share": share,
        "element_code": element_code(share, renderer.static, base),
        "guarantees": guarantees,
        "witnesses": [printable(name) for name in find_cosigners(running.site)],
        "waits_for_witnesses": running.site.is_waiting_for_witnesses,
    }
    return renderer.page(
        request,
        "letter.html",
        values,
        scripts=[LIVE_SCRIPT] if growth is None else [LIVE_SCRIPT, GROWTH_SCRIPT],
        forms=True,
        texts=page.texts,
        kept=True,
    )


def values_of(page: LetterPage, text: TextDocument, now: int) -> dict[str, Any]:
    """Return what every page of a letter shows of it. `name` is what its addresses are made of."""
    letter = page.letter
    return {
        "page": page,
        "letter": letter,
        "name": f"{letter.slug}@{letter.edition}",
        "stage": page.stage,
        "state": page.stage.state.value,
        "takes_names": any(mode is not Mode.ANONYMOUS for mode in letter.modes),
        "counts": page.numbers.counts,
        "numbers": page.numbers,
        "seals": seals_of(letter),
        "text": text,
        "digest": find_digest(page, text),
        "now": now,
    }


def find_digest(page: LetterPage, text: TextDocument) -> str:
    """Return the SHA-256 (hex) of one of a letter's texts, as the letter's record holds it."""
    return page.letter.texts[page.texts.index(text)].hash.hex()
