"""Importing a roll at the desk: a file or a pasted text, looked at before anything of it is taken."""

import contextlib
from typing import Final

from anyio import to_thread
from fastapi.responses import JSONResponse, Response
from starlette.datastructures import UploadFile
from starlette.requests import Request

from undersigned.app.activity import acting
from undersigned.app.roll_imports import RollImport
from undersigned.domain.act import Act
from undersigned.domain.roll_file import LONGEST_ROLL
from undersigned.errors import FormatError, NotOnRoll
from undersigned.web.desk.guard import AtDesk, Organiser
from undersigned.web.desk.roll import checked_slug, roll_page
from undersigned.web.desk.routing import make_router, see_other
from undersigned.web.door import AtIssuer
from undersigned.web.pages.forms import AtForm
from undersigned.web.pages.letters import renderer_of

router = make_router()

FIRST_ROWS: Final = 10
MOST_SHOWN: Final = 500
"""Bad rows, and rows that come twice, on one page: whoever has more corrects the file first."""


@router.post("/rolls/{slug}/imports")
async def begin_import(
    request: Request, signed_in: Organiser, door: AtIssuer, slug: str
) -> Response:
    """Take a file or a text in, and read it in the background."""
    slug = checked_slug(slug)
    data = await _data_of(request)
    if not data.strip():
        page = lambda: roll_page(request, signed_in, door, slug, problem="no-file")  # noqa: E731
        return await to_thread.run_sync(page)
    begin = door.running.imports.begin
    one = await to_thread.run_sync(begin, slug, signed_in.account.id, data)
    return see_other(f"/desk/rolls/{slug}/imports/{one.id}")


async def _data_of(request: Request) -> bytes:
    """Return what was uploaded, or else what was pasted. Raises FormatError."""
    async with request.form() as form:
        file, text = form.get("file"), form.get("text")
        if isinstance(file, UploadFile) and file.size:
            # It lies in a file without a name, which is gone with the request.
            return await file.read(LONGEST_ROLL + 1)
    if isinstance(text, str):
        return text.encode(errors="replace")
    raise FormatError("the form has neither a file nor a text")


@router.get("/rolls/{slug}/imports/{number}")
def show_import(
    request: Request, signed_in: Organiser, door: AtIssuer, slug: str, number: str
) -> Response:
    """Show how far an import is, and what was found."""
    one = door.running.imports.get(slug, number)
    values = {
        "slug": slug,
        "one": one,
        "percent": int(one.part * 100),
        "first_rows": FIRST_ROWS,
        "most_shown": MOST_SHOWN,
    }
    scripts = ["dist/desk-import.js"] if one.is_working else []
    return renderer_of(request).desk_page(
        request, signed_in, "desk/roll_import.html", values, scripts=scripts
    )


@router.get("/rolls/{slug}/imports/{number}/progress", response_class=JSONResponse)
def show_progress(_: Organiser, door: AtIssuer, slug: str, number: str) -> JSONResponse:
    """Tell a script how far an import is."""
    one = door.running.imports.get(slug, number)
    body = {"percent": int(one.part * 100), "working": one.is_working}
    return JSONResponse(body, headers={"Cache-Control": "no-store"})


@router.post("/rolls/{slug}/imports/{number}")
def go_on(
    signed_in: Organiser, desk: AtDesk, door: AtIssuer, slug: str, number: str, form: AtForm
) -> Response:
    """Take the good rows, or leave all of it."""
    imports = door.running.imports
    if form.get("do") == "leave":
        with contextlib.suppress(NotOnRoll):
            imports.leave(slug, number)
        return see_other(f"/desk/rolls/{slug}", done="left")

    def within(one: RollImport, rows: int) -> contextlib.AbstractContextManager[None]:
        return acting(desk, signed_in.account, Act.IMPORT_ROLL, one.slug, rows)

    imports.take(slug, number, within)
    return see_other(f"/desk/rolls/{slug}/imports/{number}")
