"""How a letter is handed on: its address, its code for cameras, its frame, its previews, its files.

Nothing here is another's: no button of a network, no script but ours, no address that tells who shared.
"""

from dataclasses import dataclass
from html import escape
from typing import Final
from urllib.parse import urlencode

from fastapi import APIRouter
from fastapi.responses import Response
from starlette.requests import Request

from undersigned.app import reading
from undersigned.app.glance import Glance, make_glance
from undersigned.app.qr import format_qr, format_qr_file
from undersigned.app.reading import LetterPage
from undersigned.domain.text import TextDocument
from undersigned.encoding import format_base64
from undersigned.language import Language
from undersigned.web.door import AtDoor
from undersigned.web.pages.address import find_base_url
from undersigned.web.static_files import StaticFiles

ELEMENT_SCRIPT: Final = "dist/embed.js"
WIDTH: Final = 480
HEIGHT: Final = 340
"""Pixels of a frame in which a long title has room, on a telephone, too."""

SVG: Final = "image/svg+xml"
FOR_LONG: Final = "public, max-age=86400"
"""The code of an edition's address never changes; that of the newest edition hardly ever."""

CARD_SIZE: Final = (1200, 630)
"""Pixels of the picture that previews of a link show, in the proportion that they have room for."""

SANDBOX: Final = "allow-scripts allow-popups allow-popups-to-escape-sandbox"

router = APIRouter(tags=["files"])


@dataclass(frozen=True, slots=True)
class Share:
    """What the page of a letter offers to whoever hands it on. Addresses are whole ones."""

    glance: Glance
    url: str
    frame: str
    card: str
    feed: str
    oembed: str
    locale: str
    width: int = WIDTH
    height: int = HEIGHT
    card_width: int = CARD_SIZE[0]
    card_height: int = CARD_SIZE[1]

    @property
    def text(self) -> TextDocument:
        """The letter's text that is shown."""
        return self.glance.text

    @property
    def qr(self) -> str:
        """The letter's address as a QR code, SVG."""
        return format_qr(self.url)

    @property
    def frame_code(self) -> str:
        """The markup that frames the letter in another page."""
        return frame_code(self.frame, self.text.title, self.width, self.height)


def make_share(page: LetterPage, text: TextDocument, language: Language, base: str) -> Share:
    """Return how a letter is handed on, where people reach the site at `base`."""
    glance = make_glance(page, text, language.tag)
    url = f"{base}/letters/{glance.name}"
    lang = urlencode({"lang": glance.lang})
    return Share(
        glance=glance,
        url=url,
        frame=f"{base}/embed/{glance.name}?{lang}",
        card=f"{url}/card.png?{lang}",
        feed=f"{url}/feed.atom?{lang}",
        oembed=f"{base}/oembed?{urlencode({'url': url, 'format': 'json', 'lang': glance.lang})}",
        locale=language.locale_tag.replace("-", "_"),
    )


def frame_code(address: str, title: str, width: int, height: int) -> str:
    """Return the markup of a frame: it may run its own script and open the letter, and no more."""
    return (
        f'<iframe src="{escape(address)}" title="{escape(title)}" width="{width}" height="{height}"'
        f' sandbox="{SANDBOX}" referrerpolicy="no-referrer" loading="lazy" style="border:0;'
        f'max-width:100%"></iframe>'
    )


def element_code(share: Share, static: StaticFiles, base: str) -> str | None:
    """Return the markup of the custom element, its script held to its hash; None if it was not built."""
    digest = static.digest_of(ELEMENT_SCRIPT)
    if digest is None:
        return None
    return (
        f'<script type="module" src="{escape(base + static.url_of(ELEMENT_SCRIPT))}" '
        f'integrity="sha256-{format_base64(digest)}" crossorigin="anonymous"></script>\n'
        f'<undersigned-letter src="{escape(share.url)}" lang="{escape(share.glance.lang)}">'
        f'<a href="{escape(share.url)}">{escape(share.text.title)}</a></undersigned-letter>'
    )


@router.get(
    "/letters/{slug}/qr.svg",
    response_class=Response,
    responses={200: {"description": "the letter's address as a QR code", "content": {SVG: {}}}},
)
def show_qr(request: Request, door: AtDoor, slug: str) -> Response:
    """Return the address of a letter's edition as a QR code."""
    view = reading.get_view(door.running.site, door.running.letters, slug)
    base = find_base_url(request, door.running)
    address = f"{base}/letters/{view.letter.slug}@{view.letter.edition}"
    return Response(format_qr_file(address), media_type=SVG, headers={"Cache-Control": FOR_LONG})
