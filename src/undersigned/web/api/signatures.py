"""`/signatures`, `/amendments`, `/issuer-records`: what meets the rush, without a framework around it.

Each is an ASGI app of its own (`Taker`), to which requests come before any middleware (`find_ahead`), and
which keeps for itself what those do for all others: headers, the bound of a body, no leak of a failure. The
body goes to the domain's own record parser, which also defines what may be logged; which letter a name
means is found out by the intake, once for all that it takes together.
"""

import re
from collections.abc import Callable
from typing import Final, cast

import msgspec
from anyio import to_thread
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from undersigned.app.failures import report_failure
from undersigned.app.intake import Answer
from undersigned.app.reading import get_view
from undersigned.app.running import RunningSite
from undersigned.app.taking import Request as TakeRequest
from undersigned.app.taking import (
    parse_change_request,
    parse_issued_request,
    parse_sign_request,
)
from undersigned.domain.canonical import decode_json
from undersigned.encoding import parse_base64url
from undersigned.errors import Busy, FormatError, StoreError, UndersignedError
from undersigned.web.body_limits import MOST_BODY
from undersigned.web.door import Door
from undersigned.web.headers import complete
from undersigned.web.middleware import SecurityHeaders
from undersigned.web.problems import http_problem, problem_of
from undersigned.web.unread import AnswerUnread, Unread, write_unread

PATH: Final = "/api/v1/letters/{slug}/"


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


_DECODER: Final = msgspec.json.Decoder(Posted)
_HANDED: Final = msgspec.json.Decoder(Handed)
_ENCODER: Final = msgspec.json.Encoder()

_ANNOUNCED: Final = b"content-length"

_HEADERS: Final = complete(
    [(b"content-type", b"application/json"), (b"cache-control", b"no-store")]
)
"""Of every promise; its length comes to them."""


def _parse_sign(body: bytes) -> TakeRequest:
    posted = decode_json(_DECODER, body, "body")
    blob = None if posted.blob is None else parse_base64url(posted.blob)
    return parse_sign_request(parse_base64url(posted.record), blob)


def _parse_change(body: bytes) -> TakeRequest:
    posted = decode_json(_DECODER, body, "body")
    blob = None if posted.blob is None else parse_base64url(posted.blob)
    return parse_change_request(parse_base64url(posted.record), blob)


def _parse_handed(body: bytes) -> TakeRequest:
    handed = decode_json(_HANDED, body, "body")
    return parse_issued_request(parse_base64url(handed.record))


class Taker:
    """Takes what is posted to one of the addresses, read by `parse`, which raises FormatError."""

    def __init__(self, parse: Callable[[bytes], TakeRequest]) -> None:
        self._parse = parse

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer with a promise, 201 or, for one that was given before, 200; or with a problem."""
        try:
            door, name = cast("Door", scope["app"].state.door), scope["path_params"]["slug"]
            answer = await self._take(door, name, await _read(scope, receive))
        except ClientDisconnect:
            # Nobody is left to be answered.
            return
        except Exception as error:  # noqa: BLE001 - whatever it is, it is answered in the one way
            await SecurityHeaders(_problem_of(error))(scope, receive, send)
            return
        body = _ENCODER.encode(Promised(answer.promise))
        length = (_ANNOUNCED, b"%d" % len(body))
        status = 201 if answer.created else 200
        await send(
            {"type": "http.response.start", "status": status, "headers": [*_HEADERS, length]}
        )
        await send({"type": "http.response.body", "body": body})

    async def _take(self, door: Door, name: str, body: bytes) -> Answer:
        if not door.running.intake.has_room:
            raise Busy
        try:
            asked = self._parse(body)
        except FormatError:
            # Whoever asks for a letter that is not here hears that first.
            await to_thread.run_sync(get_view, door.running.site, door.running.letters, name)
            raise
        return await door.running.intake.ask(asked, name)


async def _read(scope: Scope, receive: Receive) -> bytes:
    """Return the body. Raises HTTPException 413 for one that is too large, announced or not."""
    for name, value in scope["headers"]:
        if name == _ANNOUNCED and value.isdigit() and int(value[:20]) > MOST_BODY:
            raise HTTPException(413)
    message = await receive()
    body = _part_of(message)
    while message.get("more_body", False):
        message = await receive()
        body += _part_of(message)
        if len(body) > MOST_BODY:
            break
    if len(body) > MOST_BODY:
        raise HTTPException(413)
    return body


def _part_of(message: Message) -> bytes:
    if message["type"] == "http.disconnect":
        raise ClientDisconnect
    part: bytes = message.get("body", b"")
    return part


def _problem_of(error: Exception) -> Response:
    match error:
        case UndersignedError():
            if isinstance(error, StoreError) and not isinstance(error, Busy):
                report_failure("request", error)
            return problem_of(error)
        case HTTPException():
            return http_problem(error.status_code)
        case _:
            report_failure("request", error)
            return http_problem(500)


_TAKERS: Final = {
    "signatures": Taker(_parse_sign),
    "amendments": Taker(_parse_change),
    "issuer-records": Taker(_parse_handed),
}

routes: Final = [Route(PATH + last, taker, methods=["POST"]) for last, taker in _TAKERS.items()]

_AHEAD: Final = re.compile(PATH.replace("{slug}", "([^/]+)") + f"({'|'.join(_TAKERS)})")


def find_ahead(scope: Scope) -> ASGIApp | None:
    """Return what takes a request before anything else is asked, with the name in its path; or None."""
    if scope["type"] != "http" or scope["method"] != "POST":
        return None
    found = _AHEAD.fullmatch(scope["path"])
    if found is None:
        return None
    name, last = found.groups()
    scope["path_params"] = {"slug": name}
    return _TAKERS[last]


def make_refuser(running: RunningSite) -> AnswerUnread:
    """Return what turns requests away that would find the intake full, before their bodies are read.

    The answer is the one that they would hear (`Taker`), written down once.
    """
    busy = problem_of(Busy())
    full = write_unread(busy.status_code, complete(busy.raw_headers), bytes(busy.body))

    def refuse(scope: Scope) -> Unread | None:
        if scope["method"] != "POST" or running.intake.has_room:
            return None
        return full if _AHEAD.fullmatch(scope["path"]) else None

    return refuse
