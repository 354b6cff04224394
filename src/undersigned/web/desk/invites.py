"""The desk's page of invite cards: made as a PDF that nobody keeps, replaced, voided.

Whole sites and issuers apart have it. The PDF is the answer to the form. A button that is pressed twice does
once what it says: a form that comes again while its file is made gets that file (browsers drop the answer to
the first press), and one that comes later is refused, since what it was filled in for has changed.
"""

from collections.abc import Hashable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated, Any, Final

from fastapi import Depends
from fastapi.responses import Response
from starlette.requests import Request

from undersigned.app.activity import acting
from undersigned.app.cards import MOST_CARDS, Sheet, card_languages, make_cards, replace_card
from undersigned.app.desk import Desk, check_url
from undersigned.app.invites import Card, list_cards, mark_of_code, void_card
from undersigned.app.roll_changes import RollChange
from undersigned.app.roll_view import RollPage, read_roll_page
from undersigned.domain.act import Act
from undersigned.domain.letter import Method, RollKind
from undersigned.errors import FormatError, NotOnRoll
from undersigned.web.desk.guard import AtDesk, Organiser, SignedIn
from undersigned.web.desk.roll import TOLD, checked_slug, look_up, problem_of
from undersigned.web.desk.routing import make_router, see_other
from undersigned.web.door import AtIssuer, IssuerDoor
from undersigned.web.pages.forms import AtForm, Typed
from undersigned.web.pages.letters import renderer_of

router = make_router()

_CARDS: Final = {"description": "the cards, to be printed", "content": {"application/pdf": {}}}


@dataclass(frozen=True, slots=True)
class Table:
    """What is on the desk when a form of the page comes in: who sent it, for which roll, with what in it."""

    request: Request
    signed_in: SignedIn
    desk: Desk
    door: IssuerDoor
    slug: str
    form: Typed

    def key(self, act: str) -> Hashable:
        """Return what is the same of a form that comes again from the same session."""
        return act, self.slug, self.signed_in.session.id, tuple(sorted(self.form.items()))

    def page(self, problem: str = "", **shown: Any) -> Response:
        """Return the page with what was typed, and what is wrong with it."""
        return _page(
            self.request,
            self.signed_in,
            self.door,
            self.slug,
            typed=self.form,
            problem=problem,
            **shown,
        )


def table_of(
    request: Request, signed_in: Organiser, desk: AtDesk, door: AtIssuer, slug: str, form: AtForm
) -> Table:
    """Return what is needed to take a form. Raises UnknownLetter."""
    return Table(request, signed_in, desk, door, checked_slug(slug), form)


AtTable = Annotated[Table, Depends(table_of)]
"""A form of the page, as a parameter of a route."""


@router.get("/rolls/{slug}/invites")
def show_invites(request: Request, signed_in: Organiser, door: AtIssuer, slug: str) -> Response:
    """Show how many members have a code, and what can be done with codes."""
    return _page(request, signed_in, door, checked_slug(slug))


@router.post("/rolls/{slug}/invites", response_class=Response, responses={200: _CARDS})
async def make_invite_cards(at: AtTable) -> Response:
    """Make codes, and return their cards."""
    return await at.door.cards.share(at.key("make"), _make, at)


def _make(at: Table) -> Response:
    running = at.door.running
    roll, cards = _read(at.door, at.slug)
    count = None
    if not _takes_codes(roll):
        return at.page("no-codes")
    if at.form.get("had") != str(len(cards)):
        return at.page("more-now")
    if roll.kind is RollKind.LIST:
        made = min(_without(roll, cards), MOST_CARDS)
        if not made:
            return at.page("all-have")
    else:
        count = made = _number(at.form.get("count", ""))
        if not 1 <= made <= MOST_CARDS:
            return at.page("count")
    try:
        sheet = _sheet(at, roll)
    except FormatError:
        return at.page("site")
    try:
        with acting(at.desk, at.signed_in.account, Act.MAKE_CARDS, at.slug, made):
            pdf = make_cards(running.issuer, running.collector_of, at.slug, count, sheet)
    except TOLD as error:
        return at.page(problem_of(error))
    return _attachment(pdf, at.slug) if pdf else at.page("all-have")


@router.post("/rolls/{slug}/invites/search")
def search_card(at: AtTable) -> Response:
    """Show who has an address, and whether they have a code."""
    try:
        member = _member(at)
    except FormatError:
        return at.page("address")
    except NotOnRoll:
        return at.page("nobody")
    return at.page(member=member)


@router.post("/rolls/{slug}/invites/replace", response_class=Response, responses={200: _CARDS})
async def replace_invite_card(at: AtTable) -> Response:
    """Make another code for a member, and return its card; the one before is void."""
    return await at.door.cards.share(at.key("replace"), _replace, at)


def _replace(at: Table) -> Response:
    running, mark = at.door.running, at.form.get("mark", "")
    roll, _ = _read(at.door, at.slug)
    if not _takes_codes(roll):
        return at.page("no-codes")
    try:
        member = _member(at)
    except FormatError:
        return at.page("address")
    except NotOnRoll:
        return at.page("nobody")
    if member.is_blocked:
        return at.page("blocked", member=member)
    try:
        sheet = _sheet(at, roll)
    except FormatError:
        return at.page("site", member=member)
    address = member.address
    with acting(at.desk, at.signed_in.account, Act.REPLACE_CARD, at.slug):
        pdf = replace_card(running.issuer, running.collector_of, at.slug, address, mark, sheet)
    return _attachment(pdf, at.slug) if pdf else at.page("newer", member=member)


@router.post("/rolls/{slug}/invites/void")
def void_invite(at: AtTable) -> Response:
    """Void a code, which is given itself or by the mark of its card."""
    try:
        with acting(at.desk, at.signed_in.account, Act.VOID_CARD, at.slug):
            change = _void(at)
    except NotOnRoll:
        return at.page("no-card")
    except TOLD as error:
        return at.page(problem_of(error))
    done = "voided" if change.changed else "void-already"
    return see_other(f"/desk/rolls/{at.slug}/invites", done=done)


def _void(at: Table) -> RollChange:
    running, typed = at.door.running, at.form.get("card", "")
    try:
        mark = mark_of_code(typed)
    except FormatError:
        mark = typed
    return void_card(running.issuer, running.collector_of, at.slug, mark)


# --- what the page shows


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody on a list, and the mark of their card (empty where there is none)."""

    address: str
    name: str | None
    mark: str
    is_blocked: bool


def _member(at: Table) -> Member:
    """Find who has the address that was typed. Raises FormatError, NotOnRoll."""
    place = look_up(at.desk, at.signed_in, at.door, at.slug, at.form.get("address", ""))
    cards = list_cards(at.door.running.issuer, at.slug)
    marks = [card.mark for card in cards if card.address == place.address]
    return Member(place.address, place.name, marks[0] if marks else "", place.is_blocked)


def _read(door: IssuerDoor, slug: str) -> tuple[RollPage, list[Card]]:
    issuer = door.running.issuer
    return read_roll_page(issuer, slug), list_cards(issuer, slug)


def _takes_codes(roll: RollPage) -> bool:
    """Say whether members of a letter can prove with a code who they are; before it opens, they may."""
    return roll.letter is None or Method.INVITE in roll.letter.methods


def _without(roll: RollPage, cards: list[Card]) -> int:
    """Count the members that have no code."""
    return roll.figures.members - len({card.commit for card in cards if not card.is_void})


def _needs_site(door: IssuerDoor, roll: RollPage) -> bool:
    """Say whether only the organiser knows the address at which one signs: no letter names it yet."""
    return door.running.issuer.url is not None and roll.site is None


def _sheet(at: Table, roll: RollPage) -> Sheet:
    """Return how the cards are to be printed. Raises FormatError for an address that is none."""
    site = roll.site or at.desk.url
    if _needs_site(at.door, roll):
        site = at.form.get("site", "").strip().rstrip("/")
        check_url(site)
    lang = at.form.get("lang", "")
    langs = (lang,) if lang in card_languages() else card_languages()
    return Sheet(f"{site}/letters/{at.slug}/sign", langs)


def _number(typed: str) -> int:
    """Read a number as people type it; 0 for what is none."""
    digits = "".join(typed.split())
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 10 else 0


def _page(
    request: Request, signed_in: SignedIn, door: IssuerDoor, slug: str, **shown: Any
) -> Response:
    roll, cards = _read(door, slug)
    values = {
        "slug": slug,
        "roll": roll,
        "takes_codes": _takes_codes(roll),
        "have": len({card.commit for card in cards if not card.is_void}),
        "without": _without(roll, cards),
        "had": len(cards),
        "most": MOST_CARDS,
        "needs_site": _needs_site(door, roll),
        "tags": card_languages(),
        "typed": {},
        "problem": "",
        "member": None,
    } | shown
    status = HTTPStatus.UNPROCESSABLE_ENTITY if values["problem"] else HTTPStatus.OK
    return renderer_of(request).desk_page(
        request, signed_in, "desk/invites.html", values, status=status
    )


def _attachment(pdf: bytes, slug: str) -> Response:
    headers = {
        "Cache-Control": "no-store",
        "Content-Disposition": f'attachment; filename="{slug}-cards.pdf"',
    }
    return Response(pdf, media_type="application/pdf", headers=headers)
