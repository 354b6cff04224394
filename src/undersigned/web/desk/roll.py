"""The desk's pages of a roll: who is on it, one more, one less. Whole sites and issuers apart have them.

No address is in an address: what is looked for is posted.
"""

import contextlib
from http import HTTPStatus
from typing import Any, Final

from fastapi.responses import Response
from starlette.requests import Request

from undersigned.app.activity import acting
from undersigned.app.desk import Desk
from undersigned.app.letter_name import parse_letter_name
from undersigned.app.roll_changes import RollChange, add_entries, block_address
from undersigned.app.roll_view import Place, find_place, read_roll_page
from undersigned.app.rolls import discard_roll
from undersigned.domain.act import Act
from undersigned.domain.address import canonical_address
from undersigned.domain.roll_file import RollEntry, entry_of
from undersigned.errors import (
    FormatError,
    LetterNotOpen,
    NotOnRoll,
    RollFixed,
    RollNotEmpty,
    UndersignedError,
    UnknownLetter,
)
from undersigned.web.desk.guard import AtDesk, Organiser, SignedIn
from undersigned.web.desk.routing import make_router, see_other
from undersigned.web.door import AtIssuer, IssuerDoor
from undersigned.web.pages.forms import AtForm
from undersigned.web.pages.letters import renderer_of

router = make_router()

PROBLEMS: Final[dict[type[UndersignedError], str]] = {
    NotOnRoll: "nobody",
    LetterNotOpen: "ended",
    UnknownLetter: "not-yet",
    RollNotEmpty: "kind",
    RollFixed: "fixed",
}
"""Refusals that the page has a sentence for; all others are told as errors are."""

TOLD: Final = (NotOnRoll, LetterNotOpen, UnknownLetter, RollNotEmpty)


@router.get("/rolls/{slug}")
def show_roll(request: Request, signed_in: Organiser, door: AtIssuer, slug: str) -> Response:
    """Show how many are on a roll, and what can be done with it."""
    return roll_page(request, signed_in, door, slug)


@router.post("/rolls/{slug}/members")
def add_member(
    request: Request, signed_in: Organiser, desk: AtDesk, door: AtIssuer, slug: str, form: AtForm
) -> Response:
    """Put one member on a list."""
    typed = {name: form.get(name, "") for name in ("email", "name", "role")}
    faults, entry = entry_of(typed["email"], typed["name"], typed["role"])
    if entry is None:
        return roll_page(request, signed_in, door, slug, typed=typed, faults=faults)
    try:
        with acting(desk, signed_in.account, Act.ADD_MEMBER, checked_slug(slug)):
            change = _add(door, slug, entry)
    except TOLD as error:
        return roll_page(request, signed_in, door, slug, typed=typed, problem=problem_of(error))
    done = "added" if change.changed else "known"
    return see_other(f"/desk/rolls/{slug}", done=done)


def _add(door: IssuerDoor, slug: str, entry: RollEntry) -> RollChange:
    running = door.running
    return add_entries(running.issuer, running.collector_of, slug, [entry])


@router.post("/rolls/{slug}/search")
def search_member(
    request: Request, signed_in: Organiser, desk: AtDesk, door: AtIssuer, slug: str, form: AtForm
) -> Response:
    """Show the entry of an address, and what blocking it would do."""
    sought = form.get("address", "")
    try:
        place = look_up(desk, signed_in, door, checked_slug(slug), sought)
    except FormatError:
        return roll_page(request, signed_in, door, slug, sought=sought, problem="address")
    except NotOnRoll:
        return roll_page(request, signed_in, door, slug, sought=sought, problem="nobody")
    return roll_page(request, signed_in, door, slug, sought=sought, place=place)


@router.post("/rolls/{slug}/block")
def block_member(
    request: Request, signed_in: Organiser, desk: AtDesk, door: AtIssuer, slug: str, form: AtForm
) -> Response:
    """Block who has an address."""
    sought = form.get("address", "")
    running = door.running
    try:
        address = canonical_address(sought)
        with acting(desk, signed_in.account, Act.BLOCK_MEMBER, checked_slug(slug)):
            block_address(running.issuer, running.collector_of, slug, address)
    except FormatError:
        return roll_page(request, signed_in, door, slug, sought=sought, problem="address")
    except TOLD as error:
        problem = problem_of(error)
        return roll_page(request, signed_in, door, slug, sought=sought, problem=problem)
    return see_other(f"/desk/rolls/{slug}", done="blocked")


@router.post("/rolls/{slug}/delete")
def delete_roll(
    request: Request, signed_in: Organiser, desk: AtDesk, door: AtIssuer, slug: str, form: AtForm
) -> Response:
    """Delete a roll that no letter has."""
    if form.get("sure") != "on":
        return roll_page(request, signed_in, door, slug, problem="unsure")
    try:
        with acting(desk, signed_in.account, Act.DELETE_ROLL, checked_slug(slug)):
            discard_roll(door.running.issuer, slug)
    except RollFixed as error:
        return roll_page(request, signed_in, door, slug, problem=problem_of(error))
    return see_other(f"/desk/rolls/{slug}", done="deleted")


def look_up(desk: Desk, signed_in: SignedIn, door: IssuerDoor, slug: str, typed: str) -> Place:
    """Return the entry of an address as people type it. Raises FormatError, NotOnRoll.

    That somebody looked is in the trail, and not for whom.
    """
    address = canonical_address(typed)
    found: Place | None = None
    with (
        acting(desk, signed_in.account, Act.FIND_MEMBER, slug),
        contextlib.suppress(NotOnRoll),
    ):
        found = find_place(door.running.issuer, slug, address)
    if found is None:
        raise NotOnRoll
    return found


def problem_of(error: UndersignedError) -> str:
    """Return the word of a refusal that the page has a sentence for."""
    return next(word for kind, word in PROBLEMS.items() if isinstance(error, kind))


def roll_page(
    request: Request,
    signed_in: SignedIn,
    door: IssuerDoor,
    slug: str,
    **shown: Any,
) -> Response:
    """Return the page of a roll; `shown` is what was typed, what is wrong with it, who was found."""
    values = {
        "slug": checked_slug(slug),
        "roll": read_roll_page(door.running.issuer, slug),
        "typed": {},
        "faults": (),
        "problem": "",
        "sought": "",
        "place": None,
    } | shown
    is_wrong = values["problem"] or values["faults"]
    status = HTTPStatus.UNPROCESSABLE_ENTITY if is_wrong else HTTPStatus.OK
    return renderer_of(request).desk_page(
        request, signed_in, "desk/roll.html", values, status=status
    )


def checked_slug(slug: str) -> str:
    """Check that this can be a letter's name, without an edition. Raises UnknownLetter."""
    name, edition = parse_letter_name(slug)
    if edition is not None:
        raise UnknownLetter
    return name
