"""The one page of an issuer apart: what it is, what it knows, what it keeps."""

from typing import Final, cast

from fastapi import APIRouter
from fastapi.responses import HTMLResponse, Response
from starlette.requests import Request

from undersigned.app.methods.by_mail import CODE_LIFETIME_S
from undersigned.web.pages.rendering import Renderer

router = APIRouter(tags=["pages"], default_response_class=HTMLResponse)

CODE_MINUTES: Final = CODE_LIFETIME_S // 60


@router.get("/")
def show_issuer(request: Request) -> Response:
    """Say what this address is for."""
    renderer = cast("Renderer", request.app.state.renderer)
    return renderer.page(request, "issuer.html", {"minutes": CODE_MINUTES})
