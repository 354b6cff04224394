"""Which pages may ask an issuer apart for codes and tokens: those of the letter's own site, no others.

Source: Fetch, section 3.3 (July 2026). Only the routes that members use are open, each letter's to
one origin; the answer is never `*`, allows no credentials, and says that it depends on the origin.
"""

import re
from collections.abc import Awaitable, Callable
from typing import Final
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from undersigned.errors import StoreError

_ROUTE: Final = re.compile(r"/api/v1/letters/([^/]+)/(?:challenge|enrolments|openid|tokens)")
_PREFLIGHT: Final = {
    "Access-Control-Allow-Methods": "POST",
    "Access-Control-Allow-Headers": "content-type",
    "Access-Control-Max-Age": "600",
}


class LetterCors:
    """Lets the origin of a letter's site read the answers about that letter."""

    def __init__(self, app: ASGIApp, find_origin: Callable[[str], Awaitable[str | None]]) -> None:
        self._app = app
        self._find_origin = find_origin

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; answer a preflight of the right origin."""
        match = _ROUTE.fullmatch(scope["path"]) if scope["type"] == "http" else None
        if match is None:
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        origin = headers.get("origin")
        is_allowed = origin is not None and origin == await self._find(match[1])
        is_preflight = "access-control-request-method" in headers
        if is_allowed and is_preflight and scope["method"] == "OPTIONS":
            answer = Response(status_code=204, headers=_PREFLIGHT | _allowed(origin or ""))
            await answer(scope, receive, send)
            return

        async def send_allowing(message: Message) -> None:
            if message["type"] == "http.response.start":
                added = MutableHeaders(scope=message)
                added.add_vary_header("Origin")
                if is_allowed:
                    added.update(_allowed(origin or ""))
            await send(message)

        await self._app(scope, receive, send_allowing)

    async def _find(self, name: str) -> str | None:
        try:
            return await self._find_origin(name)
        except StoreError:
            # The request itself meets the same failure, and is answered with it.
            return None


def _allowed(origin: str) -> dict[str, str]:
    return {
        "Access-Control-Allow-Origin": origin,
        "Access-Control-Expose-Headers": "Retry-After",
        "Vary": "Origin",
    }


def origin_of(address: str) -> str:
    """Return the origin of an address of HTTP as browsers write it: without a default port."""
    parts = urlsplit(address)
    default = {"https": 443, "http": 80}.get(parts.scheme)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    port = "" if parts.port in (None, default) else f":{parts.port}"
    return f"{parts.scheme}://{host}{port}"
