"""`/letters/<name>/events`: a letter's numbers as server-sent events (HTML, section 9.2). A plain route.

The first event comes at once, the others when the numbers change; each says what `/counts` answers.
"""

import asyncio
import secrets
from typing import Final, cast

from starlette.requests import Request
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from undersigned.web.api.broadcast import Broadcast, Listener
from undersigned.web.door import door_of
from undersigned.web.protocol import BEGIN, STREAM

EARLIEST_RETRY_MS: Final = 2_000
LATEST_RETRY_MS: Final = 10_000
"""When a page that was cut off comes back: not all of them at once."""

_HEADERS: Final = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    # A proxy that compresses, or waits for more, would hold back what is to be heard now.
    (b"cache-control", b"no-store, no-transform"),
    (b"x-accel-buffering", b"no"),
]


class CountsStream:
    """The route as an ASGI app: it waits for what is to be said, and notices who leaves."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Tell of a letter's numbers until one of the two goes. Raises UnknownLetter, Busy."""
        request = Request(scope)
        broadcast = cast("Broadcast", request.app.state.broadcast)
        view = await (await door_of(request)).get_view(request.path_params["slug"])
        async with broadcast.listening(view.letter_id) as listener:
            if STREAM in scope.get("extensions", ()):
                scope["extensions"][STREAM][BEGIN](listener.end)
            await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
            await _send(send, b"retry: %d\n\n" % _choose_retry())
            leaving = asyncio.create_task(_wait_for_leaving(receive, listener))
            try:
                while (event := await listener.hear()) is not None:
                    await _send(send, event)
            finally:
                leaving.cancel()
        await send({"type": "http.response.body", "body": b""})


async def _send(send: Send, content: bytes) -> None:
    await send({"type": "http.response.body", "body": content, "more_body": True})


async def _wait_for_leaving(receive: Receive, listener: Listener) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    listener.end()


def _choose_retry() -> int:
    return EARLIEST_RETRY_MS + secrets.randbelow(LATEST_RETRY_MS - EARLIEST_RETRY_MS)


routes = [Route("/api/v1/letters/{slug}/events", CountsStream(), methods=["GET"])]
