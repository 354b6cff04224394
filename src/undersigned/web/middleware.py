"""What holds for every answer: security headers, no body for HEAD, a bound on what is read, no leak.

Plain ASGI: each wraps `receive` or `send` and starts no task of its own.
"""

from collections.abc import MutableMapping
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from undersigned.app.failures import report_failure
from undersigned.web.body_limits import MOST_BODY, LongBody, limit_finder
from undersigned.web.headers import OPEN_TO_ALL, complete, is_open
from undersigned.web.problems import http_problem


class SecurityHeaders:
    """Adds to every answer the headers that it does not set itself.

    What any page may read lies under the paths `open_to_all`.
    """

    def __init__(self, app: ASGIApp, open_to_all: tuple[str, ...] = OPEN_TO_ALL) -> None:
        self._app = app
        self._open_to_all = open_to_all

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._add_headers(MutableHeaders(scope=message), scope)
            await send(message)

        await self._app(scope, receive, send_with_headers)

    def _add_headers(self, headers: MutableHeaders, scope: Scope) -> None:
        if scope["method"] in ("GET", "HEAD") and is_open(scope["path"], self._open_to_all):
            headers["Access-Control-Allow-Origin"] = "*"
            headers["Cross-Origin-Resource-Policy"] = "cross-origin"
        headers.raw[:] = complete(headers.raw)


class LastResort:
    """Answers 500 when something failed that nobody expected, and logs its class and place only.

    The server would log the whole of it, with whatever was sent.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        started = False

        async def send_noting(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self._app(scope, receive, send_noting)
        except ClientDisconnect:
            # Nobody is left to be answered, and a crowd that leaves must not fill the log.
            return
        except Exception as error:  # noqa: BLE001 - here the last one ends
            report_failure("request", error)
            if not started and scope["type"] == "http":
                await http_problem(500)(scope, receive, send)


class BodyLimit:
    """Stops reading a body that is too large, announced or not. Raises HTTPException 413."""

    def __init__(self, app: ASGIApp, long_bodies: tuple[LongBody, ...]) -> None:
        self._app = app
        self._most_at = limit_finder(long_bodies)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        announced = Headers(scope=scope).get("content-length", "")
        size = int(announced[:20]) if announced.isdecimal() else 0
        read = 0

        def is_too_much(size: int) -> bool:
            # Which limit it is, is asked only of a body that may be above its own.
            return size > MOST_BODY and size > self._most_at(scope["path"])

        async def receive_counting() -> Message:
            nonlocal read
            if is_too_much(size):
                raise HTTPException(413)
            message = await receive()
            read += len(message.get("body", b""))
            if is_too_much(read):
                raise HTTPException(413)
            return message

        await self._app(scope, receive_counting, send)


class HeadAsGet:
    """Answers HEAD as it would GET, without the body."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self._app(scope, receive, send)
            return

        has_begun = False

        async def send_without_body(message: MutableMapping[str, Any]) -> None:
            nonlocal has_begun
            has_begun = True
            if message["type"] == "http.response.body":
                message = {**message, "body": b""}
            await send(message)

        async def receive_until_begun() -> Message:
            # Nobody listens to the body: one without end has to end.
            return {"type": "http.disconnect"} if has_begun else await receive()

        await self._app({**scope, "method": "GET"}, receive_until_begun, send_without_body)
