"""The desk's page of a letter's webhooks: which addresses are called, and what became of the last calls.

A secret is shown once, on the page that answers the form; only the key that it comes from is kept.
"""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from fastapi.responses import Response
from starlette.requests import Request

from undersigned.app.activity import acting
from undersigned.app.calling import MOST_TRIES
from undersigned.app.webhooks import (
    ID_BYTES,
    MOST,
    add_webhook,
    call_to_test,
    change_secret,
    list_webhooks,
    remove_webhook,
    resume_webhook,
)
from undersigned.domain.act import Act
from undersigned.encoding import parse_hex
from undersigned.errors import (
    FormatError,
    SecretChanged,
    SecretsOverlap,
    TooManyWebhooks,
    UnknownWebhook,
    WebhookKnown,
)
from undersigned.web.desk.guard import AtDesk, Organiser, SignedIn
from undersigned.web.desk.letter import letter_values
from undersigned.web.desk.routing import make_router, see_other
from undersigned.web.door import AtDoor, Door
from undersigned.web.pages.forms import AtForm, Typed
from undersigned.web.pages.letters import renderer_of
from undersigned.webhook.target import LONGEST_URL

router = make_router()


@dataclass(frozen=True, slots=True)
class Shown:
    """What the page shows beside the webhooks: a new secret, or what was typed and what is wrong with it.

    `problem` is `address`, `known` or `many`; or, of the webhook of an id, `overlap` or `changed`.
    """

    secret: str | None = None
    typed: str = ""
    problem: str = ""
    webhook: bytes | None = None

    @property
    def status(self) -> HTTPStatus:
        """The status of the page."""
        if not self.problem:
            return HTTPStatus.OK
        is_typed = self.problem == "address"
        return HTTPStatus.UNPROCESSABLE_ENTITY if is_typed else HTTPStatus.CONFLICT


@router.get("/letters/{slug}/webhooks")
def show_webhooks(request: Request, signed_in: Organiser, door: AtDoor, slug: str) -> Response:
    """Show the webhooks of a letter with their last calls, and the form of another."""
    return _page(request, signed_in, door, slug, Shown())


@router.post("/letters/{slug}/webhooks")
def add(
    request: Request, signed_in: Organiser, desk: AtDesk, door: AtDoor, slug: str, form: AtForm
) -> Response:
    """Add a webhook, and show its secret once."""
    typed, site, letters = form.get("address", ""), door.running.site, door.running.letters
    try:
        with acting(desk, signed_in.account, Act.ADD_WEBHOOK, slug):
            shown = Shown(secret=add_webhook(site, letters, slug, typed))
    except FormatError:
        shown = Shown(typed=typed, problem="address")
    except WebhookKnown:
        shown = Shown(typed=typed, problem="known")
    except TooManyWebhooks:
        shown = Shown(typed=typed, problem="many")
    return _page(request, signed_in, door, slug, shown)


@router.post("/letters/{slug}/webhooks/secret")
def make_secret(
    request: Request, signed_in: Organiser, desk: AtDesk, door: AtDoor, slug: str, form: AtForm
) -> Response:
    """Make another secret for a webhook, and show it once; a form that comes again makes none."""
    site, letters = door.running.site, door.running.letters
    webhook, number = _webhook(form), _number(form)
    try:
        with acting(desk, signed_in.account, Act.CHANGE_WEBHOOK_SECRET, slug):
            shown = Shown(secret=change_secret(site, letters, slug, webhook, number))
    except SecretsOverlap:
        shown = Shown(problem="overlap", webhook=webhook)
    except SecretChanged:
        shown = Shown(problem="changed", webhook=webhook)
    return _page(request, signed_in, door, slug, shown)


@router.post("/letters/{slug}/webhooks/test")
def test(signed_in: Organiser, desk: AtDesk, door: AtDoor, slug: str, form: AtForm) -> Response:
    """Call a webhook once, to see whether it answers."""
    site, letters = door.running.site, door.running.letters
    with acting(desk, signed_in.account, Act.TEST_WEBHOOK, slug):
        is_new = call_to_test(site, letters, slug, _webhook(form), desk.url)
    return see_other(_path(slug), done="tested" if is_new else "waits")


@router.post("/letters/{slug}/webhooks/resume")
def resume(signed_in: Organiser, desk: AtDesk, door: AtDoor, slug: str, form: AtForm) -> Response:
    """Call a webhook again whose receiver had said that it is gone."""
    site, letters = door.running.site, door.running.letters
    with acting(desk, signed_in.account, Act.RESUME_WEBHOOK, slug):
        resume_webhook(site, letters, slug, _webhook(form))
    return see_other(_path(slug), done="resumed")


@router.post("/letters/{slug}/webhooks/remove")
def remove(signed_in: Organiser, desk: AtDesk, door: AtDoor, slug: str, form: AtForm) -> Response:
    """Forget a webhook and its calls."""
    if form.get("sure") != "yes":
        return see_other(_path(slug), done="unsure")
    site, letters = door.running.site, door.running.letters
    with acting(desk, signed_in.account, Act.REMOVE_WEBHOOK, slug):
        remove_webhook(site, letters, slug, _webhook(form))
    return see_other(_path(slug), done="removed")


def _path(slug: str) -> str:
    return f"/desk/letters/{slug}/webhooks"


def _webhook(form: Typed) -> bytes:
    try:
        return parse_hex(form.get("webhook", ""), size=ID_BYTES)
    except FormatError:
        raise UnknownWebhook from None


def _number(form: Typed) -> int:
    """Return which secret was the newest when the page was opened; 0, which none is, for no number."""
    text = form.get("number", "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else 0


def _page(request: Request, signed_in: SignedIn, door: Door, slug: str, shown: Shown) -> Response:
    running = door.running
    values: dict[str, Any] = letter_values(door, signed_in, slug) | {
        "webhooks": list_webhooks(running.site, running.letters, slug),
        "shown": shown,
        "most": MOST,
        "most_tries": MOST_TRIES,
        "longest": LONGEST_URL,
    }
    return renderer_of(request).desk_page(
        request, signed_in, "desk/webhooks.html", values, status=shown.status
    )
