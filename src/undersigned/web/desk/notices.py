"""Posting a notice to a letter: written, looked at as readers will see it, then posted for good."""

from typing import Any

from fastapi.responses import Response
from starlette.requests import Request

from undersigned.app.activity import acting
from undersigned.app.noticing import post_notice
from undersigned.domain.act import Act
from undersigned.domain.letter import MOST_HEADCOUNT
from undersigned.domain.notice import LONGEST_NOTICE, clean_notice
from undersigned.domain.reasons import NoticeKind
from undersigned.errors import FormatError
from undersigned.web.desk.guard import AtDesk, Organiser, SignedIn
from undersigned.web.desk.letter import letter_values
from undersigned.web.desk.routing import make_router, see_other
from undersigned.web.door import AtDoor, Door
from undersigned.web.pages.forms import AtForm
from undersigned.web.pages.letters import renderer_of

router = make_router()

_POSTABLE = {
    kind.value: kind for kind in (NoticeKind.NEWS, NoticeKind.CORRECTION, NoticeKind.HEADCOUNT)
}


@router.get("/letters/{slug}/notices")
def show_notices(request: Request, signed_in: Organiser, door: AtDoor, slug: str) -> Response:
    """Show the notices of a letter, and the form of the next."""
    return _page(request, signed_in, door, slug, {"kind": "news", "words": "", "n": ""})


@router.post("/letters/{slug}/notices")
def take_notice(
    request: Request,
    signed_in: Organiser,
    desk: AtDesk,
    door: AtDoor,
    slug: str,
    form: AtForm,
) -> Response:
    """Show what was written as readers will see it; post it once that was confirmed."""
    running = door.running
    written = {name: form.get(name, "") for name in ("kind", "words")}
    written["n"] = form.get("n", "").strip()
    sure = form.get("sure")
    problems, number = _check(**written)
    if problems or sure == "edit":
        status = 422 if problems else 200
        return _page(request, signed_in, door, slug, written, problems=problems, status=status)
    if sure != "yes":
        return _page(request, signed_in, door, slug, written, preview=True, number=number)
    notice = _POSTABLE[written["kind"]]
    with acting(desk, signed_in.account, Act.POST_NOTICE, slug.partition("@")[0], notice.value):
        text = clean_notice(written["words"].encode())
        post_notice(running.site, running.letters, slug, notice, text, number)
    return see_other(f"/desk/letters/{slug}/notices", done="posted")


def _check(kind: str, words: str, n: str) -> tuple[dict[str, str], int | None]:
    """Return what is wrong with each field, and the new headcount if it is one."""
    problems: dict[str, str] = {}
    if kind not in _POSTABLE:
        problems["kind"] = "kind"
    try:
        clean_notice(words.encode())
    except FormatError:
        is_long = len(words.strip()) > LONGEST_NOTICE
        problems["words"] = "empty" if not words.strip() else "long" if is_long else "odd"
    number = None
    if kind == NoticeKind.HEADCOUNT.value:
        if n.isascii() and n.isdigit() and len(n) <= 9 and 1 <= int(n) <= MOST_HEADCOUNT:
            number = int(n)
        else:
            problems["n"] = "number"
    return problems, number


def _page(
    request: Request,
    signed_in: SignedIn,
    door: Door,
    slug: str,
    written: dict[str, str],
    *,
    problems: dict[str, str] | None = None,
    preview: bool = False,
    number: int | None = None,
    status: int = 200,
) -> Response:
    values: dict[str, Any] = letter_values(door, signed_in, slug) | {
        "written": written,
        "problems": problems or {},
        "preview": preview,
        "number": number,
        "longest": LONGEST_NOTICE,
    }
    return renderer_of(request).desk_page(
        request, signed_in, "desk/notices.html", values, status=status
    )
