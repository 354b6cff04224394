"""The signatures of a letter at the desk: found by what is public, one looked at, invalidated in public.

1. They are looked for (GET). 2. Who is meant is shown, with what becomes of the count; a reason and words for
everybody are asked for. 3. What is sent names exactly the signatures that were shown: if others fit by now,
they are shown anew. Sealed and anonymous signatures are never among them: nobody can be singled out by a
name that nobody has read.
"""

import hashlib
from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import Depends
from fastapi.responses import Response
from starlette.requests import Request

from undersigned.app.activity import acting
from undersigned.app.many import ManyInvalidations
from undersigned.app.meaning import Selection, select_signatures
from undersigned.app.moderating import MOST_PER_TRANSACTION, invalidate
from undersigned.domain.act import Act
from undersigned.domain.explanation import LONGEST_EXPLANATION, clean_explanation
from undersigned.domain.reasons import InvalidateReason
from undersigned.errors import FormatError, NothingToInvalidate, UnknownLeaf
from undersigned.web.desk.criteria import Typed, read_typed, typed_in_query
from undersigned.web.desk.guard import AtDesk, Organiser, SignedIn
from undersigned.web.desk.letter import letter_values
from undersigned.web.desk.routing import make_router, see_other
from undersigned.web.door import AtDoor, Door
from undersigned.web.pages.forms import AtForm
from undersigned.web.pages.letters import renderer_of

SHOWN = 100
"""Signatures on a page; how many more fit is said."""

router = make_router()

InQuery = Annotated[Typed, Depends(typed_in_query)]


@router.get("/letters/{slug}/signatures")
def look_for(
    request: Request, signed_in: Organiser, door: AtDoor, slug: str, typed: InQuery
) -> Response:
    """Look for signatures by what is public about them."""
    values = letter_values(door, signed_in, slug)
    values |= _found(door, slug, typed) if not typed.is_empty else {"selection": None}
    values |= {"typed": typed, "shown": SHOWN, "problem": values.get("problem", "")}
    status = 422 if values["problem"] == "format" else 200
    return renderer_of(request).desk_page(
        request, signed_in, "desk/signatures.html", values, status=status
    )


@router.get("/letters/{slug}/signatures/invalidate")
def preview(
    request: Request, signed_in: Organiser, door: AtDoor, slug: str, typed: InQuery
) -> Response:
    """Show who would be invalidated, and what becomes of the count."""
    return _preview(request, signed_in, door, slug, typed, reason="", words="")


@router.post("/letters/{slug}/signatures/invalidate")
def take_invalidation(
    request: Request,
    signed_in: Organiser,
    desk: AtDesk,
    door: AtDoor,
    slug: str,
    form: AtForm,
) -> Response:
    """Invalidate exactly those who were shown, with the reason and the words."""
    typed = read_typed(form)
    reason, words = form.get("reason", ""), form.get("words", "")
    found = _found(door, slug, typed)
    selection: Selection | None = found["selection"]
    problems = _problems_of(selection, form)
    if problems or selection is None:
        return _preview(
            request, signed_in, door, slug, typed, reason=reason, words=words, problems=problems
        )
    text = clean_explanation(words)
    why = InvalidateReason(reason)
    number = len(selection.meant)
    if number > MOST_PER_TRANSACTION:
        name = many_of(request).start(signed_in.account, selection, why, text)
        return see_other(f"/desk/letters/{slug}/signatures/going/{name}")
    running = door.running
    with acting(desk, signed_in.account, Act.INVALIDATE, selection.letter.slug, number):
        done = invalidate(running.site, running.letters, selection, why, text)
    said = "invalidated" if done.number == number else "some" if done.number else "none"
    return see_other(f"/desk/letters/{slug}/signatures", done=said)


@router.get("/letters/{slug}/signatures/going/{name}")
def show_going(
    request: Request, signed_in: Organiser, door: AtDoor, slug: str, name: str
) -> Response:
    """Show how far an invalidation of many is."""
    values = letter_values(door, signed_in, slug) | {"going": many_of(request).find(name)}
    return renderer_of(request).desk_page(request, signed_in, "desk/going.html", values)


def many_of(request: Request) -> ManyInvalidations:
    """Return the invalidations that go on."""
    many: ManyInvalidations = request.app.state.many_invalidations
    return many


def _found(door: Door, slug: str, typed: Typed) -> dict[str, Any]:
    """Return the signatures that fit, or the kind of problem that there is."""
    running = door.running
    try:
        selection = select_signatures(running.site, running.letters, slug, typed.criteria())
    except FormatError:
        return {"selection": None, "problem": "format"}
    except UnknownLeaf:
        return {"selection": None, "problem": "unknown"}
    except NothingToInvalidate:
        return {"selection": None, "problem": "leaf" if typed.leaf else "nobody"}
    return {"selection": selection, "problem": ""}


def _digest_of(selection: Selection) -> str:
    """Name a selection by the places and names that are in it."""
    digest = hashlib.sha256()
    for each in selection.meant:
        digest.update(each.row.leaf_index.to_bytes(8) + (each.row.name or bytes(32)))
    return digest.hexdigest()


def _problems_of(selection: Selection | None, form: Mapping[str, str]) -> dict[str, str]:
    problems: dict[str, str] = {}
    words = form.get("words", "")
    if selection is None or form.get("meant") != _digest_of(selection):
        problems["meant"] = "changed"
    if form.get("reason") not in {each.value for each in InvalidateReason}:
        problems["reason"] = "choose"
    try:
        clean_explanation(words)
    except FormatError:
        long = len(words.strip()) > LONGEST_EXPLANATION
        problems["words"] = "empty" if not words.strip() else "long" if long else "odd"
    if form.get("sure") != "yes":
        problems["sure"] = "sure"
    return problems


def _preview(
    request: Request,
    signed_in: SignedIn,
    door: Door,
    slug: str,
    typed: Typed,
    *,
    reason: str,
    words: str,
    problems: dict[str, str] | None = None,
) -> Response:
    values = letter_values(door, signed_in, slug) | _found(door, slug, typed)
    selection: Selection | None = values["selection"]
    values |= {
        "typed": typed,
        "shown": SHOWN,
        "meant": "" if selection is None else _digest_of(selection),
        "written": {"reason": reason, "words": words},
        "problems": problems or {},
        "reasons": [each.value for each in InvalidateReason],
        "longest": LONGEST_EXPLANATION,
    }
    status = 422 if problems or selection is None else 200
    return renderer_of(request).desk_page(
        request, signed_in, "desk/invalidate.html", values, status=status
    )
