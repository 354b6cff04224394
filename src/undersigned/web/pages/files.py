"""The files of a letter that others read and show: card, feed, names, history.

A card is drawn at most every half minute, since it says itself of when its numbers are.
"""

from typing import Final

import msgspec
from anyio import to_thread
from fastapi import APIRouter
from fastapi.responses import Response
from starlette.requests import Request
from starlette.responses import StreamingResponse

from undersigned.app import reading
from undersigned.app.feed import MEDIA_TYPE as ATOM
from undersigned.app.feed import format_feed
from undersigned.app.glance import make_glance
from undersigned.app.public_files import FILES, PublicFile
from undersigned.app.social import card_data, draw_card
from undersigned.app.timeline import read_account
from undersigned.web.conditional import is_known
from undersigned.web.door import AtDoor
from undersigned.web.headers import CARD, FEED, FILE
from undersigned.web.kept_files import KeptFile, KeptFiles
from undersigned.web.pages.address import find_base_url
from undersigned.web.pages.choosing import choose_text
from undersigned.web.pages.letters import renderer_of

PNG: Final = "image/png"
MOST_CARDS: Final = 100
"""Each of some hundred kilobytes."""
MAKINGS_WAITING: Final = 16
FRESH_S: Final = 30

router = APIRouter(tags=["files"])


class Files:
    """What is kept of the files of letters. One for each app."""

    def __init__(self) -> None:
        self.cards = KeptFiles(most=MOST_CARDS, waiting=MAKINGS_WAITING, fresh_s=FRESH_S)


def files_of(request: Request) -> Files:
    """Return what is kept of the files of this site's letters."""
    files: Files = request.app.state.files
    return files


@router.get(
    "/letters/{slug}/card.png",
    response_class=Response,
    responses={200: {"description": "what previews of the address show", "content": {PNG: {}}}},
)
async def show_card(request: Request, door: AtDoor, slug: str) -> Response:
    """Return the picture of a letter that previews of its address show, 1,200 by 630 pixels."""
    running, tag = door.running, renderer_of(request).language_of(request).tag
    page = await to_thread.run_sync(reading.get_page, running.site, running.letters, slug)
    glance = make_glance(page, choose_text(page.texts, None, tag), tag)
    made_of = msgspec.json.encode(card_data(glance, running.site.host))
    kept = await files_of(request).cards.get(
        (page.letter.letter_id, glance.lang, glance.text.lang),
        made_of,
        running.site.clock.now(),
        lambda: draw_card(glance, running.site.host, fonts=running.fonts),
    )
    return _answer(request, kept, PNG, CARD)


@router.get(
    "/letters/{slug}/feed.atom",
    response_class=Response,
    responses={200: {"description": "an Atom feed", "content": {ATOM: {}}}},
)
def show_feed(request: Request, door: AtDoor, slug: str) -> Response:
    """Return what has happened to a letter as an Atom feed: states, numbers, notices, answers, guarantees."""
    running, tag = door.running, renderer_of(request).language_of(request).tag
    account = read_account(running.site, running.letters, slug)
    text = choose_text(account.page.texts, None, tag)
    base = find_base_url(request, running)
    content = format_feed(account, text, tag, base, running.site.host)
    headers = {"Cache-Control": FEED, "Vary": "Accept-Language"}
    return Response(content, media_type=ATOM, headers=headers)


def _add_file(file: str, kind: PublicFile, description: str) -> None:
    """Add the route of a file, which is read and sent part by part."""

    async def read_file(door: AtDoor, slug: str) -> Response:
        view = await door.get_view(slug)
        name = f"{view.letter.slug}@{view.letter.edition}"
        headers = {
            "Cache-Control": FILE,
            "Content-Disposition": f'attachment; filename="{name.replace("@", "-")}-{file}"',
            "X-Robots-Tag": "noindex",
        }
        content = kind.write(door.running.site, door.running.letters, name)
        return StreamingResponse(content, media_type=kind.media_type, headers=headers)

    router.add_api_route(
        f"/letters/{{slug}}/{file}",
        read_file,
        methods=["GET"],
        name=f"read_{file.replace('.', '_')}",
        summary=f"Read {file}",
        description=description,
        response_class=Response,
        responses={200: {"description": description, "content": {kind.media_type: {}}}},
    )


_add_file("names.csv", FILES["names.csv"], "the public names, for a spreadsheet")
_add_file("names.json", FILES["names.json"], "the public names, with the letter's numbers")
_add_file("history.csv", FILES["history.csv"], "what every epoch left, for a spreadsheet")
_add_file("history.json", FILES["history.json"], "what every epoch left")


def _answer(request: Request, kept: KeptFile, media_type: str, cache: str) -> Response:
    headers = {"Cache-Control": cache, "ETag": kept.tag, "Vary": "Accept-Language"}
    if is_known(request.headers.get("if-none-match", ""), kept.tag):
        return Response(status_code=304, headers=headers)
    return Response(kept.content, media_type=media_type, headers=headers)
