"""The page that says of each way to prove membership what it shows, and to whom; the safest come first."""

from typing import Final

from fastapi import APIRouter
from fastapi.responses import HTMLResponse, Response
from starlette.requests import Request

from undersigned.app import reading
from undersigned.app.methods.by_mail import CODE_CHARACTERS, CODE_LIFETIME_S
from undersigned.domain.letter import Letter, Method
from undersigned.domain.roll import INVITE_CHARACTERS
from undersigned.web.door import AtDoor
from undersigned.web.pages.letters import renderer_of

SAFEST_FIRST: Final = (Method.INVITE, Method.OPENID, Method.EMAIL)
"""A card leaves no trace with anybody; a mailbox is read by those who run it, at work by the employer."""

router = APIRouter(tags=["pages"], default_response_class=HTMLResponse)


@router.get("/letters/{slug}/methods")
def show_methods(request: Request, door: AtDoor, slug: str) -> Response:
    """Say of each way that the letter takes who learns what by it."""
    running = door.running
    page = reading.get_page(running.site, running.letters, slug)
    values = {
        "letter": page.letter,
        "name": f"{page.letter.slug}@{page.letter.edition}",
        "title": page.texts[0].title,
        "lang": page.texts[0].lang,
        "ways": ways_of(page.letter),
        "minutes": CODE_LIFETIME_S // 60,
        "mail_characters": CODE_CHARACTERS,
        "invite_characters": INVITE_CHARACTERS,
    }
    return renderer_of(request).page(request, "methods.html", values)


def ways_of(letter: Letter) -> list[str]:
    """Return the ways of a letter, the safest first."""
    return [method.value for method in SAFEST_FIRST if method in letter.methods]
