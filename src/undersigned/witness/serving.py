"""The HTTP door of a witness: `POST /add-checkpoint` and `GET /<origin hash>/checkpoint` (tlog-witness)."""

from typing import Final

from anyio import CapacityLimiter, fail_after, to_thread
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from undersigned.errors import StoreError
from undersigned.tlog.add_checkpoint import MAX_REQUEST_SIZE
from undersigned.witness.judging import TEXT, Witness

AT_ONCE: Final = 8
"""Requests that are judged at once; of one log only one can be stored at a time anyway."""
BODY_TIMEOUT_S: Final = 10.0
CHECKPOINT_CACHE: Final = "public, max-age=5"


def make_witness_app(witness: Witness) -> Starlette:
    """Return the app of an open witness; both prefixes of tlog-witness are its root."""
    app = Starlette(
        routes=[
            Route("/add-checkpoint", _add_checkpoint, methods=["POST"]),
            Route("/{origin_hash}/checkpoint", _get_checkpoint, methods=["GET"]),
        ]
    )
    app.state.witness = witness
    app.state.limiter = CapacityLimiter(AT_ONCE)
    return app


async def _add_checkpoint(request: Request) -> Response:
    try:
        with fail_after(BODY_TIMEOUT_S):
            body = await _read_body(request)
    except (TimeoutError, ClientDisconnect):
        return PlainTextResponse("The request did not come to its end.\n", 408)
    if body is None:
        return PlainTextResponse("The request is too large.\n", 413)
    witness: Witness = request.app.state.witness
    try:
        answer = await to_thread.run_sync(
            witness.add_checkpoint, body, limiter=request.app.state.limiter
        )
    except StoreError:
        # Not remembered, so not cosigned; which file it was is nobody's business.
        return PlainTextResponse("The witness cannot store what it would cosign.\n", 503)
    return Response(answer.body, answer.status, {"Content-Type": answer.media_type})


async def _read_body(request: Request) -> bytes | None:
    """Return the body, None if it is larger than any request."""
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > MAX_REQUEST_SIZE:
            return None
    return bytes(body)


async def _get_checkpoint(request: Request) -> Response:
    witness: Witness = request.app.state.witness
    note = witness.find_checkpoint(request.path_params["origin_hash"])
    if note is None:
        return PlainTextResponse("No checkpoint of that log was cosigned here.\n", 404)
    return Response(note, 200, {"Content-Type": TEXT, "Cache-Control": CHECKPOINT_CACHE})
