"""The composition root of the site on the web: from a running site to an ASGI app."""

from typing import Final

from starlette.middleware import Middleware

from undersigned.app.changes import Changes
from undersigned.app.finding import Finder
from undersigned.app.many import ManyInvalidations
from undersigned.app.running import RunningSite
from undersigned.web import documents, log, openapi, security_txt
from undersigned.web.api import (
    answers,
    enrolments,
    events,
    follow_through,
    letters,
    proofs,
    proposals,
    roll_records,
    signatures,
    site,
    tokens,
    trustees,
)
from undersigned.web.api import openid as openid_api
from undersigned.web.api.broadcast import Broadcast
from undersigned.web.desk import answers as desk_answers
from undersigned.web.desk import deliveries as desk_deliveries
from undersigned.web.desk import draft_opening as desk_draft_opening
from undersigned.web.desk import draft_sections as desk_draft_sections
from undersigned.web.desk import drafts as desk_drafts
from undersigned.web.desk import exports as desk_exports
from undersigned.web.desk import guarantees as desk_guarantees
from undersigned.web.desk import letter as desk_letter
from undersigned.web.desk import letters as desk_letters
from undersigned.web.desk import notices as desk_notices
from undersigned.web.desk import signature as desk_signature
from undersigned.web.desk import signatures as desk_signatures
from undersigned.web.desk import webhooks as desk_webhooks
from undersigned.web.desk.mounting import ROLLS, add_desk
from undersigned.web.door import Door, IssuerDoor
from undersigned.web.imprint import NOBODY, Imprint
from undersigned.web.keeping import Keeping
from undersigned.web.kept_answers import KeptAnswers
from undersigned.web.pages import about as about_pages
from undersigned.web.pages import answering as answering_pages
from undersigned.web.pages import as_of as as_of_pages
from undersigned.web.pages import embed, embed_data, files, oembed, share
from undersigned.web.pages import guaranteeing as guaranteeing_pages
from undersigned.web.pages import home as home_pages
from undersigned.web.pages import letters as letter_pages
from undersigned.web.pages import mails as mail_pages
from undersigned.web.pages import methods as method_pages
from undersigned.web.pages import names as name_pages
from undersigned.web.pages import proposals as proposal_pages
from undersigned.web.pages import sign as sign_pages
from undersigned.web.pages import sign_on as sign_on_pages
from undersigned.web.pages import texts as text_pages
from undersigned.web.pages import trustee as trustee_pages
from undersigned.web.pages import verify as verify_pages
from undersigned.web.pages.charts import Charts
from undersigned.web.pages.rendering import Renderer
from undersigned.web.pages.timeline import Timelines
from undersigned.web.shell import API, UndersignedApp, make_shell
from undersigned.web.shown import Shown
from undersigned.web.static_files import StaticFiles
from undersigned.web.watching import Watcher

DESK: Final = (
    desk_letters,
    desk_letter,
    desk_notices,
    desk_signatures,
    desk_signature,
    desk_answers,
    desk_deliveries,
    desk_guarantees,
    desk_webhooks,
    desk_exports,
    desk_drafts,
    desk_draft_opening,
    desk_draft_sections,
)
"""The pages of the desk, each module one subject; the last has addresses whose end may be any word."""


def make_app(running: RunningSite, imprint: Imprint = NOBODY) -> UndersignedApp:
    """Return the app of a running site. Who calls it starts the site before and stops it after.

    `imprint` says who answers for it.
    """
    static = StaticFiles()
    renderer, watcher = Renderer(static), Watcher(Changes(running.site))

    door = Door(running)
    kept = KeptAnswers(Shown(running, renderer, watcher, door.log))
    refuse = signatures.make_refuser(running)
    app = make_shell(
        description=openapi.DESCRIPTION,
        plain_paths=openapi.PATHS,
        outer=[Middleware(Keeping, kept=kept)],
        find_ahead=signatures.find_ahead,
        answer_unread=lambda scope: refuse(scope) or kept.find_unread(scope),
    )
    app.state.door = door
    app.state.imprint = imprint
    app.state.renderer = renderer
    app.state.charts = Charts()
    app.state.timelines = Timelines()
    app.state.finder = Finder(running.site, running.letters)
    app.state.broadcast = Broadcast(running, watcher)
    app.state.files = files.Files()
    # The plain routes come first: they meet the rush.
    plain = (signatures, events, trustees, log, static)
    app.router.routes.extend(route for module in plain for route in module.routes)
    for module in (site, letters, answers, follow_through, proofs, proposals, roll_records):
        app.include_router(module.router, prefix=API)
    if running.issuer is not None:
        app.state.issuer_door = IssuerDoor(running.issuer)
        for module in (enrolments, openid_api, tokens):
            app.include_router(module.router, prefix=API)
        app.include_router(sign_on_pages.router)
        app.include_router(mail_pages.router)
    app.include_router(embed_data.router, prefix=API)
    for page in (oembed, embed, share, files):
        app.include_router(page.router)
    app.include_router(documents.router)
    app.include_router(home_pages.router)
    app.include_router(about_pages.router)
    app.include_router(security_txt.router)
    app.include_router(letter_pages.router)
    app.include_router(as_of_pages.router)
    app.include_router(text_pages.router)
    app.include_router(sign_pages.router)
    app.include_router(method_pages.router)
    app.include_router(name_pages.router)
    app.include_router(proposal_pages.router)
    app.include_router(answering_pages.router)
    app.include_router(guaranteeing_pages.router)
    app.include_router(trustee_pages.router)
    app.include_router(verify_pages.router)
    app.state.many_invalidations = ManyInvalidations(running.site, running.letters, running.desk)
    rolls = () if running.issuer is None else ROLLS
    add_desk(app, running.desk, [*(module.router for module in DESK), *rolls])
    return app
