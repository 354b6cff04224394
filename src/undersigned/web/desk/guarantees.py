"""The desk's page of a letter's guarantees: who is asked for what, and what has become of it.

A guarantor's link is shown once, on the page that answers the form; only its hash is kept.
"""

import dataclasses
import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final

from fastapi.responses import Response
from starlette.requests import Request

from undersigned.app.activity import acting
from undersigned.app.guaranteeing import (
    LINK_DAYS,
    Terms,
    ask_guarantee,
    cancel_offer,
    check_terms,
    list_offers,
    record_withdrawal,
    renew_link,
)
from undersigned.app.guarantees import list_guarantees
from undersigned.domain.act import Act
from undersigned.domain.guarantee import LONGEST_GUARANTOR, LONGEST_TERMS
from undersigned.domain.letter import MOST_HEADCOUNT
from undersigned.domain.plain import clean_words
from undersigned.encoding import parse_hex
from undersigned.errors import FormatError, GuaranteeDecided, UnknownGuarantee
from undersigned.web.desk.guard import AtDesk, Organiser, SignedIn
from undersigned.web.desk.letter import letter_values
from undersigned.web.desk.routing import make_router, see_other
from undersigned.web.door import AtDoor, Door
from undersigned.web.pages.forms import AtForm, Typed
from undersigned.web.pages.letters import renderer_of

FIELDS: Final = ("guarantor", "address", "terms", "lang", "cap", "until")

router = make_router()


@dataclass(frozen=True, slots=True)
class Shown:
    """What the page shows beside the guarantees: a new link, or what was typed and is wrong."""

    link: str | None = None
    typed: Mapping[str, str] = field(default_factory=dict)
    problems: tuple[str, ...] = ()

    @property
    def status(self) -> HTTPStatus:
        """The status of the page."""
        return HTTPStatus.UNPROCESSABLE_ENTITY if self.problems else HTTPStatus.OK


@router.get("/letters/{slug}/guarantees")
def show_guarantees(request: Request, signed_in: Organiser, door: AtDoor, slug: str) -> Response:
    """Show who was asked for what, what is given, and a form that asks."""
    return _page(request, signed_in, door, slug, Shown())


@router.post("/letters/{slug}/guarantees")
def ask(
    request: Request, signed_in: Organiser, desk: AtDesk, door: AtDoor, slug: str, form: AtForm
) -> Response:
    """Keep what somebody is asked to guarantee, and show their link once."""
    typed = {name: form.get(name, "") for name in FIELDS}
    terms, problems = read_terms(typed, door.running.site.clock.now())
    if terms is None:
        return _page(request, signed_in, door, slug, Shown(typed=typed, problems=problems))
    url = desk.url if form.get("by") == "mail" else None
    with acting(desk, signed_in.account, Act.ASK_GUARANTEE, slug):
        site, letters = door.running.site, door.running.letters
        token = ask_guarantee(site, letters, slug, terms, mail_from=url)
    if url is not None:
        return see_other(f"/desk/letters/{slug}/guarantees", done="sent")
    shown = Shown(link=f"{desk.url}/guarantee/{token}")
    return _page(request, signed_in, door, slug, shown)


@router.post("/letters/{slug}/guarantees/link")
def make_link(
    request: Request, signed_in: Organiser, desk: AtDesk, door: AtDoor, slug: str, form: AtForm
) -> Response:
    """Make a new link for a guarantor, and show it once; the one before is good no longer."""
    url = desk.url if form.get("by") == "mail" else None
    try:
        with acting(desk, signed_in.account, Act.MAKE_GUARANTEE_LINK, slug):
            offer = _offer(form)
            site, letters = door.running.site, door.running.letters
            token = renew_link(site, letters, slug, offer, mail_from=url)
    except (UnknownGuarantee, GuaranteeDecided):
        return _decided(slug)
    if url is not None:
        return see_other(f"/desk/letters/{slug}/guarantees", done="sent")
    shown = Shown(link=f"{desk.url}/guarantee/{token}")
    return _page(request, signed_in, door, slug, shown)


@router.post("/letters/{slug}/guarantees/cancel")
def cancel(signed_in: Organiser, desk: AtDesk, door: AtDoor, slug: str, form: AtForm) -> Response:
    """Ask no longer, and forget the address."""
    try:
        with acting(desk, signed_in.account, Act.CANCEL_GUARANTEE, slug):
            cancel_offer(door.running.site, door.running.letters, slug, _offer(form))
    except (UnknownGuarantee, GuaranteeDecided):
        return _decided(slug)
    return see_other(f"/desk/letters/{slug}/guarantees", done="cancelled")


@router.post("/letters/{slug}/guarantees/withdraw")
def withdraw(signed_in: Organiser, desk: AtDesk, door: AtDoor, slug: str, form: AtForm) -> Response:
    """Record that a guarantor has withdrawn, which nobody can take back."""
    if form.get("sure") != "yes":
        return see_other(f"/desk/letters/{slug}/guarantees", done="unsure")
    leaf = form.get("leaf", "")
    number = int(leaf) if leaf.isascii() and leaf.isdecimal() and len(leaf) < 16 else -1
    try:
        with acting(desk, signed_in.account, Act.WITHDRAW_GUARANTEE, slug):
            record_withdrawal(door.running.site, door.running.letters, slug, number)
    except (UnknownGuarantee, GuaranteeDecided):
        return _decided(slug)
    return see_other(f"/desk/letters/{slug}/guarantees", done="withdrawn")


def _decided(slug: str) -> Response:
    return see_other(f"/desk/letters/{slug}/guarantees", done="decided")


def _offer(form: Typed) -> bytes:
    try:
        return parse_hex(form.get("offer", ""), size=16)
    except FormatError:
        raise UnknownGuarantee from None


# --- what was typed


def read_terms(typed: Typed, now: int) -> tuple[Terms | None, tuple[str, ...]]:
    """Read the form; return the terms, or None and the fields that are wrong."""
    problems = []
    cap = _number(typed["cap"])
    until = _end_of_day(typed["until"])
    if typed["cap"].strip() and (cap is None or not 1 <= cap <= MOST_HEADCOUNT):
        problems.append("cap")
    if typed["until"].strip() and (until is None or until <= now):
        problems.append("until")
    words = {name: clean_words(typed[name]) or "" for name in ("guarantor", "address", "terms")}
    terms = Terms(**words, lang=typed["lang"], cap=cap, expires=until)
    problems += [name for name in ("guarantor", "address", "terms") if _is_wrong(terms, name)]
    if problems:
        return None, tuple(problems)
    try:
        check_terms(terms, now)
    except FormatError:
        return None, ("lang",)
    return terms, ()


def _is_wrong(terms: Terms, name: str) -> bool:
    """Say whether one field alone is refused: all the others are replaced by sound ones."""
    sound = Terms("Somebody", "a@b.example", "Something.", "en", None, None)
    try:
        dataclasses.replace(sound, **{name: getattr(terms, name)}).words()
    except FormatError:
        return True
    return False


def _number(text: str) -> int | None:
    text = text.strip()
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else None


def _end_of_day(text: str) -> int | None:
    """Return the end of a day (UTC seconds) that is written as browsers write it."""
    try:
        day = dt.datetime.strptime(text.strip(), "%Y-%m-%d").replace(tzinfo=dt.UTC)
        return int((day + dt.timedelta(days=1)).timestamp())
    except (ValueError, OverflowError):
        return None


def _page(request: Request, signed_in: SignedIn, door: Door, slug: str, shown: Shown) -> Response:
    site, letters = door.running.site, door.running.letters
    common = letter_values(door, signed_in, slug)
    page, text = common["page"], common["text"]
    nothing = dict.fromkeys(FIELDS, "") | {"lang": text.lang}
    values: dict[str, Any] = common | {
        "slug": slug,
        "guarantees": list_guarantees(site, letters, slug),
        "offers": list_offers(site, letters, slug),
        "counts": page.numbers.counts,
        "link_days": LINK_DAYS,
        "langs": [each.lang for each in page.texts],
        "typed": nothing | dict(shown.typed),
        "problems": shown.problems,
        "shown": shown,
        "longest_guarantor": LONGEST_GUARANTOR,
        "longest_terms": LONGEST_TERMS,
        "most": MOST_HEADCOUNT,
    }
    return renderer_of(request).desk_page(
        request, signed_in, "desk/guarantees.html", values, status=shown.status
    )
