"""`/.well-known/security.txt`: where a weakness of this server is reported (RFC 9116)."""

from typing import Final, cast

from fastapi import APIRouter
from fastapi.responses import PlainTextResponse, Response
from starlette.exceptions import HTTPException
from starlette.requests import Request

from undersigned.domain.as_of import format_time
from undersigned.language import read_languages
from undersigned.web.imprint import Imprint

PATH: Final = "/.well-known/security.txt"

GOOD_FOR_DAYS: Final = 90
"""The RFC (section 2.5.5) recommends less than a year; a server that still runs says it anew each day."""

_DAY_S: Final = 86_400

router = APIRouter(tags=["site"])


def format_security_txt(imprint: Imprint, url: str, now: int) -> str:
    """Write the file for a server at an address, as of a time (UTC seconds)."""
    expires = format_time((now // _DAY_S + GOOD_FOR_DAYS) * _DAY_S)
    lines = [f"Contact: {contact}" for contact in imprint.security_contacts]
    lines += [
        f"Expires: {expires}",
        f"Preferred-Languages: {', '.join(read_languages())}",
        f"Canonical: {url}{PATH}",
    ]
    return "".join(f"{line}\n" for line in lines)


@router.get(PATH, response_class=PlainTextResponse)
def read_security_txt(request: Request) -> Response:
    """Return where a weakness is reported; 404 if the settings name no place."""
    imprint = cast("Imprint", request.app.state.imprint)
    if not imprint.security_contacts:
        raise HTTPException(404)
    desk = request.app.state.desk
    text = format_security_txt(imprint, desk.url, desk.clock.now())
    return PlainTextResponse(text, headers={"Cache-Control": "public, max-age=3600"})
