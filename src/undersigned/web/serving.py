"""The server as it is set up wherever the site is served."""

from typing import Final

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

GRACE_S = 10
"""How long requests that are under way may take when the server ends."""

LONGEST_HEAD: Final = 64 * 1024
"""Bytes of a request that are no body: many times what browsers and proxies send."""


class BoundedProtocol(HttpToolsProtocol):
    """HTTP in which heads and trailers have an end; the parser would keep any number of bytes."""

    _kept = 0

    def data_received(self, data: bytes) -> None:
        """Read what came; answer 400 and hang up when too much has come that is no body."""
        self._kept += len(data)
        super().data_received(data)
        if self._kept > LONGEST_HEAD and not self.transport.is_closing():
            self.send_400_response("The head of the request is too long.")

    def on_headers_complete(self) -> None:
        """Begin to count anew."""
        self._kept = 0
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Begin to count anew: the body has a bound of its own (`middleware`)."""
        self._kept = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Begin to count anew."""
        self._kept = 0
        super().on_message_complete()


def make_server(app: ASGIApp, host: str, port: int) -> uvicorn.Server:
    """Return a server that logs no request and names no software.

    `run` it between `RunningSite.start` and `stop`.
    """
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        http=BoundedProtocol,
        access_log=False,
        server_header=False,
        log_config=None,
        lifespan="off",
        ws="none",
        timeout_graceful_shutdown=GRACE_S,
    )
    return uvicorn.Server(config)
