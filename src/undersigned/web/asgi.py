"""The composition root of the site on the web: from a running site to an ASGI app."""

from typing import Any

from fastapi import FastAPI
from starlette.middleware import Middleware

from undersigned import __version__
from undersigned.app.running import RunningSite
from undersigned.web import documents, log, openapi
from undersigned.web.api import (
    enrolments,
    letters,
    proofs,
    proposals,
    signatures,
    site,
    tokens,
)
from undersigned.web.door import Door, IssuerDoor
from undersigned.web.middleware import BodyLimit, HeadAsGet, LastResort, SecurityHeaders
from undersigned.web.pages import letters as letter_pages
from undersigned.web.pages import names as name_pages
from undersigned.web.pages import proposals as proposal_pages
from undersigned.web.pages import sign as sign_pages
from undersigned.web.pages import trustee as trustee_pages
from undersigned.web.pages import verify as verify_pages
from undersigned.web.pages.charts import Charts
from undersigned.web.pages.rendering import Renderer
from undersigned.web.refusing import add_refusals
from undersigned.web.static_files import StaticFiles

API = "/api/v1"


class UndersignedApp(FastAPI):
    """The app; its OpenAPI document also has the routes that FastAPI does not know."""

    def openapi(self) -> dict[str, Any]:
        """Return the OpenAPI 3.1 document."""
        if self.openapi_schema is None:
            self.openapi_schema = openapi.complete(super().openapi())
        return self.openapi_schema


def make_app(running: RunningSite) -> UndersignedApp:
    """Return the app of a running site. Who calls it starts the site before and stops it after."""
    static = StaticFiles()
    app = UndersignedApp(
        title="Undersigned",
        version=__version__,
        description=openapi.DESCRIPTION,
        openapi_url=f"{API}/openapi.json",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        middleware=[
            Middleware(SecurityHeaders),
            Middleware(LastResort),
            Middleware(BodyLimit),
            Middleware(HeadAsGet),
        ],
        # Its log records would hold what was sent.
        telemetry={
            "tracing": False,
            "metrics": False,
            "logs": False,
            "operation_spans": False,
            "auto_configure": False,
        },
    )
    app.state.door = Door(running)
    app.state.renderer = Renderer(static)
    app.state.charts = Charts()
    add_refusals(app)
    # The plain routes come first: they meet the rush.
    app.router.routes.extend([*signatures.routes, *log.routes, *static.routes])
    for module in (site, letters, proofs, proposals):
        app.include_router(module.router, prefix=API)
    if running.issuer is not None:
        app.state.issuer_door = IssuerDoor(running.issuer)
        for module in (enrolments, tokens):
            app.include_router(module.router, prefix=API)
    app.include_router(documents.router)
    app.include_router(letter_pages.router)
    app.include_router(sign_pages.router)
    app.include_router(name_pages.router)
    app.include_router(proposal_pages.router)
    app.include_router(trustee_pages.router)
    app.include_router(verify_pages.router)
    return app
