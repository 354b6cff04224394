"""The composition root of an issuer apart: codes, tokens, the desk, and one page that says what it is.

It knows no letter's pages, no log and no signature; everything else is 404.
"""

from typing import Final

from starlette.middleware import Middleware

from undersigned.app.running_issuer import RunningIssuer
from undersigned.web import openapi, security_txt
from undersigned.web.api import enrolments, issuer, openid, tokens
from undersigned.web.body_limits import OF_ISSUER
from undersigned.web.cors import LetterCors
from undersigned.web.desk import rolls as desk_rolls
from undersigned.web.desk.mounting import ROLLS, add_desk
from undersigned.web.door import IssuerDoor
from undersigned.web.imprint import NOBODY, Imprint
from undersigned.web.pages import issuer as issuer_page
from undersigned.web.pages import mails as mail_pages
from undersigned.web.pages import sign_on
from undersigned.web.pages.rendering import Renderer
from undersigned.web.shell import API, UndersignedApp, make_shell
from undersigned.web.static_files import StaticFiles

STATIC: Final = (
    "tokens.css",
    "style.css",
    "desk.css",
    "tool.css",
    "icon.svg",
    "dist/desk-passkey.js",
    "dist/desk-import.js",
)
"""What its page and the desk need; members get no script from it."""

OPEN_TO_ALL: Final = (f"{API}/openapi.json", f"{API}/issuer")


def make_issuer_app(running: RunningIssuer, imprint: Imprint = NOBODY) -> UndersignedApp:
    """Return the app of a running issuer. Who calls it starts the issuer before and stops it after.

    `imprint` says who answers for it.
    """
    static = StaticFiles(only=STATIC)
    door = IssuerDoor(running)
    app = make_shell(
        description=openapi.ISSUER_DESCRIPTION,
        plain_paths=openapi.ISSUER_PATHS,
        open_to_all=OPEN_TO_ALL,
        long_bodies=OF_ISSUER,
        more=[Middleware(LetterCors, find_origin=door.find_origin)],
    )
    app.state.issuer_door = door
    app.state.imprint = imprint
    app.state.renderer = Renderer(static, is_issuer=True)
    app.router.routes.extend(static.routes)
    for module in (issuer, enrolments, openid, tokens):
        app.include_router(module.router, prefix=API)
    app.include_router(issuer_page.router)
    app.include_router(security_txt.router)
    app.include_router(mail_pages.router)
    add_desk(app, running.desk, [desk_rolls.router, *ROLLS])
    app.include_router(sign_on.router)
    return app
