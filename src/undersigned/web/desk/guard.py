"""Who comes to the desk: its session, its role, and whether a request was made by one of its pages.

1. Pages are at the desk's own address; at another one they say where to go. No passkey works there.
2. A cookie, which browsers send under /desk alone and never from another site, names the session.
3. What is posted comes from the desk's own origin (RFC 6454) and holds what only its pages know.
"""

import hmac
from dataclasses import dataclass
from typing import Annotated, Final, cast
from urllib.parse import urlsplit

from anyio import to_thread
from fastapi import Depends
from starlette.requests import Request
from starlette.responses import Response

from undersigned.app.desk import Account, Desk
from undersigned.app.sessions import Session, find_session
from undersigned.errors import DeskElsewhere, ForeignRequest, ForOwners, NotSignedIn
from undersigned.web.body_limits import LONGEST
from undersigned.web.desk.routing import PREFIX
from undersigned.web.pages.letters import renderer_of

COOKIE: Final = "__Secure-undersigned-desk"
CSRF_FIELD: Final = "csrf"
CSRF_HEADER: Final = "Undersigned-Csrf"
"""For scripts that send no form."""

LONGEST_NEXT: Final = 500


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Who sent a request: the account, its session, what its forms send, the language of its pages."""

    account: Account
    session: Session
    csrf: str
    language: str


async def desk_of(request: Request) -> Desk:
    """Return the desk that a request came to."""
    return cast("Desk", request.app.state.desk)


AtDesk = Annotated[Desk, Depends(desk_of)]
"""The desk as a parameter of a route."""


async def check_address(request: Request, desk: AtDesk) -> None:
    """Check that a request came to the desk's own address. Raises DeskElsewhere."""
    if request.headers.get("host", "").lower() != desk.netloc:
        raise DeskElsewhere


async def check_origin(request: Request, desk: AtDesk) -> None:
    """Check that what is posted comes from a page of the desk's origin.

    Raises DeskElsewhere, ForeignRequest.
    """
    await check_address(request, desk)
    if request.headers.get("origin") != desk.url:
        raise ForeignRequest


async def find_signed_in(request: Request, desk: AtDesk) -> SignedIn | None:
    """Return who sent a request, if somebody is signed in."""
    cookie = request.cookies.get(COOKIE)
    if cookie is None:
        return None
    session = await to_thread.run_sync(find_session, desk, cookie)
    if session is None:
        return None
    tag = renderer_of(request).language_of(request).tag
    return SignedIn(session.account, session, session.csrf, tag)


async def signed_in_of(request: Request, desk: AtDesk) -> SignedIn:
    """Return who sent a request, which must be one of the desk's own.

    Raises DeskElsewhere, NotSignedIn, ForeignRequest.
    """
    await check_address(request, desk)
    signed_in = await find_signed_in(request, desk)
    if signed_in is None:
        raise NotSignedIn
    if request.method not in ("GET", "HEAD"):
        await check_origin(request, desk)
        sent = request.headers.get(CSRF_HEADER) or await _field(request)
        if not hmac.compare_digest(sent.encode(errors="replace"), signed_in.csrf.encode()):
            raise ForeignRequest
    return signed_in


async def owner_of(signed_in: Annotated[SignedIn, Depends(signed_in_of)]) -> SignedIn:
    """Return who sent a request, which must be an owner. Raises ForOwners, as `signed_in_of`."""
    if not signed_in.account.is_owner:
        raise ForOwners
    return signed_in


Organiser = Annotated[SignedIn, Depends(signed_in_of)]
"""Whoever is signed in, owner or organiser, as a parameter of a route."""

Owner = Annotated[SignedIn, Depends(owner_of)]
"""An owner who is signed in, as a parameter of a route."""

MaybeSignedIn = Annotated[SignedIn | None, Depends(find_signed_in)]
"""Whoever is signed in, or None; for routes that change nothing of the desk."""


async def _field(request: Request) -> str:
    """Return the form field; nothing where the body is no form."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in ("application/x-www-form-urlencoded", "multipart/form-data"):
        return ""
    # Kept by the request: the route reads the same form again. A bound of each field's own would refuse
    # a pasted roll or a long text; that of the body is the middleware's.
    value = (await request.form(max_part_size=LONGEST)).get(CSRF_FIELD)
    return value if isinstance(value, str) else ""


def set_cookie(response: Response, value: str) -> None:
    """Let the browser keep a session until it is closed; the desk ends it before that."""
    response.set_cookie(COOKIE, value, path=PREFIX, secure=True, httponly=True, samesite="strict")


def delete_cookie(response: Response) -> None:
    """Let the browser forget a session."""
    response.delete_cookie(COOKIE, path=PREFIX, secure=True, httponly=True, samesite="strict")


def checked_next(path: str | None) -> str:
    """Return where to go after signing in: a path of the desk, or its first page."""
    if path and len(path) <= LONGEST_NEXT and path.isascii() and path.isprintable():
        try:
            parts = urlsplit(path)
        except ValueError:
            return PREFIX
        is_here = not parts.scheme and not parts.netloc and "\\" not in path
        if is_here and (parts.path == PREFIX or parts.path.startswith(f"{PREFIX}/")):
            return path
    return PREFIX
