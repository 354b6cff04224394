"""`/oembed`: how a letter is framed in another page, for programs that make previews of addresses.

oEmbed 1.0 (oembed.com): JSON only; for the other form the standard has the status 501.
"""

import re
from typing import Annotated, Any, Final
from urllib.parse import urlsplit

from fastapi import APIRouter, Query, Response
from pydantic import Field
from starlette.exceptions import HTTPException
from starlette.requests import Request

from undersigned.app import reading
from undersigned.errors import FormatError, UnknownLetter
from undersigned.web.api.decimals import DECIMAL
from undersigned.web.api.embed_models import OembedAnswer
from undersigned.web.door import AtDoor
from undersigned.web.headers import OEMBED
from undersigned.web.pages.address import find_base_url
from undersigned.web.pages.choosing import choose_text
from undersigned.web.pages.letters import renderer_of
from undersigned.web.pages.share import frame_code, make_share

DAY_S: Final = 86_400

LONGEST_ADDRESS: Final = 500
"""Characters of a letter's address: host, slug and edition have far fewer."""

MOST_PIXELS: Final = 10_000

_LETTER: Final = re.compile(r"/letters/([^/]+)(?:/.*)?")

_PIXELS: Final[Any] = Field(ge=1, le=MOST_PIXELS)

router = APIRouter(tags=["letters"])


@router.get("/oembed")
def get_oembed(
    request: Request,
    door: AtDoor,
    response: Response,
    url: Annotated[str, Query(max_length=LONGEST_ADDRESS)],
    form: Annotated[str, Query(alias="format", json_schema_extra={"enum": ["json"]})] = "json",
    maxwidth: Annotated[int, _PIXELS, DECIMAL, Query()] = MOST_PIXELS,
    maxheight: Annotated[int, _PIXELS, DECIMAL, Query()] = MOST_PIXELS,
) -> OembedAnswer:
    """Tell how the letter at an address of this site is embedded."""
    if form == "xml":
        raise HTTPException(501)
    if form != "json":
        raise FormatError("`format` must be json")
    site = door.running.site
    base = find_base_url(request, door.running)
    language = renderer_of(request).language_of(request)
    page = reading.get_page(site, door.running.letters, _name_in(url, base))
    share = make_share(page, choose_text(page.texts, None, language.tag), language, base)
    response.headers.update({"Cache-Control": OEMBED, "Vary": "Accept-Language"})
    width, height = min(share.width, maxwidth), min(share.height, maxheight)
    return OembedAnswer(
        type="rich",
        version="1.0",
        title=share.text.title,
        provider_name=site.host,
        provider_url=base,
        cache_age=DAY_S,
        width=width,
        height=height,
        html=frame_code(share.frame, share.text.title, width, height),
        thumbnail_url=share.card,
        thumbnail_width=share.card_width,
        thumbnail_height=share.card_height,
    )


def _name_in(url: str, base: str) -> str:
    """Return the name of the letter in an address of this site. Raises UnknownLetter for any other."""
    try:
        parts, ours = urlsplit(url), urlsplit(base)
    except ValueError:
        raise UnknownLetter from None
    match = _LETTER.fullmatch(parts.path)
    if (parts.scheme, parts.netloc) != (ours.scheme, ours.netloc) or match is None:
        raise UnknownLetter
    return match[1]
