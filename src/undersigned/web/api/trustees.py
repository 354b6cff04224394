"""What trustees ask and send while a wave waits for them: plain routes, for bodies of many megabytes.

Formats §9. Nothing of a body is used before it is signed for, and no more of it is read than a letter of
this size can need.
"""

import re
from collections.abc import Callable
from typing import Any, Final

from anyio import to_thread
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from undersigned.app.letters import LetterView
from undersigned.app.opening import take_opening
from undersigned.app.site import Site
from undersigned.app.trustees import (
    Progress,
    find_trustee,
    get_progress,
    get_share_file,
    longest_share_file,
    longest_submission,
    take_share_file,
)
from undersigned.domain.letter import Letter
from undersigned.domain.record import OpeningRecord, parse_record
from undersigned.encoding import format_base64url
from undersigned.errors import FormatError, NoTrustee, UnknownLeaf, UnknownLetter, WaveNotDue
from undersigned.web.door import Door, door_of

HEADER: Final = "undersigned-trustee"

_NUMBER = re.compile(r"0|[1-9][0-9]{0,15}")
_NO_STORE: Final = {"Cache-Control": "no-store"}
_OCTETS: Final = "application/octet-stream"


async def _enter(
    request: Request, longest: Callable[[Site, Letter], int] | None = None
) -> tuple[Door, LetterView, int, bytes]:
    """Return the letter, which trustee asks, and the body. Raises UnknownLetter, NoTrustee."""
    door = await door_of(request)
    name = request.path_params["slug"]
    if "@" not in name:
        # What is signed is the path, and must say which edition is meant.
        raise UnknownLetter("A trustee names the letter with its edition: slug@edition.")
    view, site = await door.get_view(name), door.running.site
    header = request.headers.get(HEADER, "")
    if not header:
        raise NoTrustee
    body = b""
    if longest is not None:
        body = await _read_body(request, await to_thread.run_sync(longest, site, view.letter))
    path = request.scope.get("raw_path", b"").decode("ascii", "replace") or request.url.path
    number = await to_thread.run_sync(
        find_trustee, view.letter, header, request.method, path, body, site.clock.now()
    )
    return door, view, number, body


async def _read_body(request: Request, longest: int) -> bytes:
    """Read a body of at most so many bytes. Raises HTTPException 413."""
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > longest:
            raise HTTPException(413)
    return bytes(body)


def _number(request: Request, name: str) -> int:
    text = request.path_params[name]
    if not _NUMBER.fullmatch(text):
        raise FormatError(f"{name}: not a number")
    return int(text)


async def read_blob(request: Request) -> Response:
    """Give a sealed name whose turn it is."""
    door, view, _, _ = await _enter(request)
    blob = await to_thread.run_sync(door.blobs.get, view, _number(request, "index"))
    return Response(blob, media_type=_OCTETS, headers=_NO_STORE)


async def shares(request: Request) -> Response:
    """List the share files of a wave, or take one: one route, so that a 405 names both methods."""
    return await (send_share if request.method == "POST" else list_shares)(request)


async def list_shares(request: Request) -> Response:
    """Tell whose share files are there, and who is awaited."""
    door, view, _, _ = await _enter(request)
    wave = _number(request, "wave")
    progress = await to_thread.run_sync(get_progress, door.running.site, view, wave)
    return JSONResponse(_members(progress), headers=_NO_STORE)


async def read_share(request: Request) -> Response:
    """Give a trustee's share file."""
    door, view, _, _ = await _enter(request)
    wave, sender = _number(request, "wave"), _number(request, "sender")
    if sender > len(view.letter.trustees):
        raise UnknownLeaf("The letter has no trustee of that number.")
    file = await to_thread.run_sync(get_share_file, door.running.site, view, wave, sender)
    return Response(file, media_type=_OCTETS, headers=_NO_STORE)


async def send_share(request: Request) -> Response:
    """Take the share file of the trustee who sends it."""
    door, view, number, body = await _enter(request, longest_share_file)
    site, wave = door.running.site, _wave(request)
    is_new = await to_thread.run_sync(take_share_file, site, view, wave, number, body)
    progress = await to_thread.run_sync(get_progress, site, view, wave)
    return JSONResponse(_members(progress), 201 if is_new else 200, headers=_NO_STORE)


async def send_opening(request: Request) -> Response:
    """Take an opening: judge it wholly, then put it into the log."""
    door, view, number, body = await _enter(request, longest_submission)
    entry, _, content = body.partition(b"\n")
    record = parse_record(entry)
    if not isinstance(record, OpeningRecord):
        raise FormatError("opening: a record of another kind")
    if record.letter_id != view.letter_id or record.wave != _wave(request):
        raise FormatError("opening: the record is of another letter or wave")
    if record.by != number:
        raise NoTrustee("An opening is sent by the trustee who signed its record.")
    done = await door.openings.run(take_opening, door.running.site, view, record, content)
    answer = {"index": done.index, "opened": record.opened, "bad": record.bad}
    return JSONResponse(answer, 201 if done.is_new else 200, headers=_NO_STORE)


def _wave(request: Request) -> int:
    wave = _number(request, "wave")
    if not 1 <= wave < 2**32:
        raise WaveNotDue
    return wave


def _members(progress: Progress) -> dict[str, Any]:
    return {
        "quorum": progress.quorum,
        "files": [
            {"from": line.number, "hash": format_base64url(line.hash), "bytes": line.size}
            for line in progress.files
        ],
        "awaited": list(progress.awaited),
    }


_LETTER: Final = "/api/v1/letters/{slug}"

routes = [
    Route(f"{_LETTER}/blobs/{{index}}", read_blob, methods=["GET"]),
    Route(f"{_LETTER}/waves/{{wave}}/shares", shares, methods=["GET", "POST"]),
    Route(f"{_LETTER}/waves/{{wave}}/shares/{{sender}}", read_share, methods=["GET"]),
    Route(f"{_LETTER}/waves/{{wave}}/opening", send_opening, methods=["POST"]),
]
