"""`/signatures`, `/amendments`, `/issuer-records`: what meets the rush, without a framework's parsing.

The body goes to the domain's own record parser, which also defines what may be logged.
"""

import asyncio
from collections.abc import Callable

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from undersigned.app.letters import LetterView
from undersigned.app.taking import (
    ChangeRequest,
    SignRequest,
    parse_change_request,
    parse_issued_request,
    parse_sign_request,
)
from undersigned.app.taking import Request as TakeRequest
from undersigned.domain.canonical import decode_json
from undersigned.encoding import parse_base64url
from undersigned.errors import FormatError
from undersigned.web.door import Door, door_of


class Posted(msgspec.Struct, forbid_unknown_fields=True):
    """The canonical bytes of a record, and what comes with it; both base64url."""

    record: str
    blob: str | None


class Handed(msgspec.Struct, forbid_unknown_fields=True):
    """The canonical bytes of an issuer's record, base64url."""

    record: str


class Promised(msgspec.Struct):
    """The promise: the text of a signed note (formats §8)."""

    promise: str


_DECODER = msgspec.json.Decoder(Posted)
_HANDED = msgspec.json.Decoder(Handed)
_ENCODER = msgspec.json.Encoder()


async def sign(request: Request) -> Response:
    """Take a signature."""
    return await _take(request, parse_sign_request)


async def change(request: Request) -> Response:
    """Take an amendment or a withdrawal."""
    return await _take(request, parse_change_request)


async def hand_over(request: Request) -> Response:
    """Take a record of an issuer apart (formats §9.1)."""
    door = await door_of(request)
    view = await door.get_view(request.path_params["slug"])
    handed = decode_json(_HANDED, await request.body(), "body")
    return await _submit(door, view, parse_issued_request(parse_base64url(handed.record)))


async def _take(
    request: Request, parse: Callable[[bytes, bytes | None], SignRequest | ChangeRequest]
) -> Response:
    door = await door_of(request)
    view = await door.get_view(request.path_params["slug"])
    posted = decode_json(_DECODER, await request.body(), "body")
    blob = None if posted.blob is None else parse_base64url(posted.blob)
    return await _submit(door, view, parse(parse_base64url(posted.record), blob))


async def _submit(door: Door, view: LetterView, asked: TakeRequest) -> Response:
    if asked.record.letter_id != view.letter_id:
        raise FormatError("the record is for another letter")
    # Shielded: a request that is given up must not take the future from the thread that answers it.
    answer = await asyncio.shield(asyncio.wrap_future(door.running.intake.submit(asked)))
    return Response(
        _ENCODER.encode(Promised(answer.promise)),
        201 if answer.created else 200,
        media_type="application/json",
        headers={"Cache-Control": "no-store"},
    )


routes = [
    Route("/api/v1/letters/{slug}/signatures", sign, methods=["POST"]),
    Route("/api/v1/letters/{slug}/amendments", change, methods=["POST"]),
    Route("/api/v1/letters/{slug}/issuer-records", hand_over, methods=["POST"]),
]
