"""The desk's page of a letter's delivery: what became of it for each addressee, and sending it again."""

from dataclasses import dataclass
from http import HTTPStatus

from fastapi.responses import Response
from starlette.requests import Request

from undersigned.app import reading
from undersigned.app.activity import acting
from undersigned.app.deliveries import list_deliveries, record_by_hand, send_again
from undersigned.app.pdf import has_pdf
from undersigned.domain.act import Act
from undersigned.errors import DeliveryWaits, FormatError, NotReleased
from undersigned.web.desk.guard import AtDesk, Organiser, SignedIn
from undersigned.web.desk.routing import make_router, see_other
from undersigned.web.door import AtDoor, Door
from undersigned.web.pages.choosing import choose_text
from undersigned.web.pages.forms import AtForm, Typed
from undersigned.web.pages.letters import renderer_of

router = make_router()


@dataclass(frozen=True, slots=True)
class Refusal:
    """What was not done for an addressee: `address`, `unsure`, `waits` or `unreleased`; what was typed."""

    kind: str
    number: int
    address: str = ""

    @property
    def status(self) -> HTTPStatus:
        """The status of the page that says it."""
        is_typed = self.kind in ("address", "unsure")
        return HTTPStatus.UNPROCESSABLE_ENTITY if is_typed else HTTPStatus.CONFLICT


@router.get("/letters/{slug}/delivery")
def show_deliveries(request: Request, signed_in: Organiser, door: AtDoor, slug: str) -> Response:
    """Show every addressee with what became of the letter on its way there."""
    return _page(request, signed_in, door, slug, None)


@router.post("/letters/{slug}/delivery")
def send(
    request: Request, signed_in: Organiser, desk: AtDesk, door: AtDoor, slug: str, form: AtForm
) -> Response:
    """Send the letter to an addressee once more, or for the first time."""
    number, address = _number(form), form.get("address", "").strip()
    if form.get("sure") != "yes":
        refusal = Refusal("unsure", number, address)
        return _page(request, signed_in, door, slug, refusal)
    site, letters = door.running.site, door.running.letters
    try:
        with acting(desk, signed_in.account, Act.SEND_AGAIN, slug, number):
            send_again(site, letters, slug, number, address, desk.url)
    except FormatError:
        refusal = Refusal("address", number, address)
    except DeliveryWaits:
        refusal = Refusal("waits", number)
    except NotReleased:
        refusal = Refusal("unreleased", number)
    else:
        return see_other(f"/desk/letters/{slug}/delivery", done="sent")
    return _page(request, signed_in, door, slug, refusal)


@router.post("/letters/{slug}/delivery/by-hand")
def record(
    request: Request, signed_in: Organiser, desk: AtDesk, door: AtDoor, slug: str, form: AtForm
) -> Response:
    """Record that the letter was handed to an addressee otherwise."""
    number = _number(form)
    site, letters = door.running.site, door.running.letters
    try:
        with acting(desk, signed_in.account, Act.RECORD_DELIVERY, slug, number):
            record_by_hand(site, letters, slug, number)
    except DeliveryWaits:
        return _page(request, signed_in, door, slug, Refusal("waits", number))
    except NotReleased:
        return _page(request, signed_in, door, slug, Refusal("unreleased", number))
    return see_other(f"/desk/letters/{slug}/delivery", done="recorded")


def _number(form: Typed) -> int:
    text = form.get("addressee", "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 4 else 0


def _page(
    request: Request, signed_in: SignedIn, door: Door, slug: str, refusal: Refusal | None
) -> Response:
    site, letters = door.running.site, door.running.letters
    page = reading.get_page(site, letters, slug)
    values = {
        "page": page,
        "letter": page.letter,
        "name": f"{page.letter.slug}@{page.letter.edition}",
        "slug": slug,
        "desk": f"/desk/letters/{slug}",
        "text": choose_text(page.texts, None, signed_in.language),
        "names_lang": page.texts[0].lang,
        "deliveries": list_deliveries(site, letters, slug),
        "is_released": page.stage.released_at is not None,
        "has_pdf": has_pdf(site, page.letter.letter_id),
        "refusal": refusal,
        "now": site.clock.now(),
    }
    status = HTTPStatus.OK if refusal is None else refusal.status
    return renderer_of(request).desk_page(
        request, signed_in, "desk/delivery.html", values, status=status
    )
