"""What the routers of the desk have in common, and where organisers are sent after an act."""

from typing import Final
from urllib.parse import urlencode

from fastapi import APIRouter
from fastapi.responses import HTMLResponse
from starlette.responses import RedirectResponse

PREFIX: Final = "/desk"

PASSKEY_SCRIPT: Final = "dist/desk-passkey.js"

_SEE_OTHER: Final = 303


def make_router() -> APIRouter:
    """Return a router of pages of the desk."""
    return APIRouter(prefix=PREFIX, tags=["desk"], default_response_class=HTMLResponse)


def make_script_router() -> APIRouter:
    """Return a router of what scripts of the desk send and get."""
    return APIRouter(prefix=PREFIX, tags=["desk scripts"])


def see_other(path: str, **query: str | None) -> RedirectResponse:
    """Send the browser on to another page of the desk, which it GETs; `done` names what was done."""
    pairs = {name: value for name, value in query.items() if value}
    address = f"{path}?{urlencode(pairs)}" if pairs else path
    return RedirectResponse(address, _SEE_OTHER, headers={"Cache-Control": "no-store"})
