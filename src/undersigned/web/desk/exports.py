"""What an organiser takes along of a letter: files for a spreadsheet, for programs, for people."""

from collections.abc import Callable
from typing import Final, Literal, NamedTuple

from fastapi.responses import Response
from starlette.requests import Request

from undersigned.app.csv_file import MEDIA_TYPE
from undersigned.app.letter_export import (
    LetterExport,
    format_export,
    format_history_csv,
    format_names_csv,
    get_export,
)
from undersigned.app.pdf import make_letter_pdf, read_printed
from undersigned.domain.letter import Letter
from undersigned.web.desk.guard import AtDesk, Organiser
from undersigned.web.desk.letter import letter_values
from undersigned.web.desk.routing import make_router
from undersigned.web.door import AtDoor
from undersigned.web.pages.letters import renderer_of

router = make_router()


class _Kind(NamedTuple):
    media_type: str
    write: Callable[[LetterExport], bytes]


KINDS: Final = {
    "names.csv": _Kind(MEDIA_TYPE, format_names_csv),
    "growth.csv": _Kind(MEDIA_TYPE, format_history_csv),
    "letter.json": _Kind("application/json", format_export),
}


@router.get("/letters/{slug}/export")
def show_exports(request: Request, signed_in: Organiser, door: AtDoor, slug: str) -> Response:
    """Say what can be taken along."""
    values = letter_values(door, signed_in, slug)
    return renderer_of(request).desk_page(request, signed_in, "desk/export.html", values)


_FILE: Final = {"description": "a file with what is public of the letter at this moment"}


@router.get(
    "/letters/{slug}/export/letter.pdf",
    response_class=Response,
    responses={200: _FILE | {"content": {"application/pdf": {}}}},
)
def export_pdf(signed_in: Organiser, desk: AtDesk, door: AtDoor, slug: str) -> Response:
    """Return the letter as it stands, to be printed, in the language of the desk."""
    running, lang = door.running, signed_in.language
    printed = read_printed(running.site, running.letters, slug, desk.url, lang)
    content = make_letter_pdf(printed, lang)
    return _attachment(content, "application/pdf", printed.page.letter, "letter.pdf")


@router.get(
    "/letters/{slug}/export/{file}",
    response_class=Response,
    responses={200: _FILE | {"content": {MEDIA_TYPE: {}, "application/json": {}}}},
)
def export_file(
    _: Organiser, door: AtDoor, slug: str, file: Literal["names.csv", "growth.csv", "letter.json"]
) -> Response:
    """Return a file with what is public of a letter at this moment."""
    export = get_export(door.running.site, door.running.letters, slug)
    kind = KINDS[file]
    return _attachment(kind.write(export), kind.media_type, export.page.letter, file)


def _attachment(content: bytes, media_type: str, letter: Letter, file: str) -> Response:
    name = f"{letter.slug}-{letter.edition}-{file}"
    headers = {
        "Cache-Control": "no-store",
        "Content-Disposition": f'attachment; filename="{name}"',
    }
    return Response(content, media_type=media_type, headers=headers)
