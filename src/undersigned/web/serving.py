"""The server as it is set up wherever the site is served."""

import asyncio
import gc
import resource
import socket
from collections.abc import Callable, Iterable
from functools import partial
from http import HTTPStatus
from typing import Any, Final, NamedTuple, TypeAlias, cast

import uvicorn
from starlette.types import ASGIApp, Scope
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

GRACE_S = 10
"""How long requests that are under way may take when the server ends."""

LONGEST_HEAD: Final = 64 * 1024
"""Bytes of a request that are no body: many times what browsers and proxies send."""

MOST_WAITING: Final = 100
"""Requests of one connection that wait for the answer before theirs; no browser or proxy sends so ahead."""

LONGEST_DEAF_S: Final = 20
"""Seconds for which a client may read nothing of what waits for it, as nginx has it (`send_timeout`)."""

STREAM: Final = "undersigned.stream"
"""The ASGI extension by which a route says that its answer is a stream.

Its `BEGIN` is called with what ends the answer. It is called when the connection or the server ends, and
when the client asks for something else: an answer without end would hold that up. It may be called
more than once.
"""

BEGIN: Final = "begin"

STREAM_BUFFER: Final = 4096
"""Bytes that may wait for a listener, once in this process and once in the system."""

SILENT_S: Final = 60
"""Seconds after which a listener is given up whose machine does not even say that it is there."""

MOST_FILES: Final = 65_536
"""Connections and files that are asked of the system; it may allow fewer."""


class Unread(NamedTuple):
    """An answer that needs no more than the head of its request, as it goes over the line."""

    start: bytes
    """The first line; the date comes after it."""

    headers: bytes
    """The other lines, with the empty one."""

    body: bytes


def write_unread(status: int, headers: Iterable[tuple[bytes, bytes]], body: bytes) -> Unread:
    """Write down an answer for who asks for it again and again."""
    start = f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\n".encode()
    lines = b"".join(b"%s: %s\r\n" % header for header in headers)
    return Unread(start, lines + b"\r\n", body)


AnswerUnread: TypeAlias = Callable[[Scope], Unread | None]
"""Says what a request is answered with whose body nobody has read, if it is at hand."""


class BoundedProtocol(HttpToolsProtocol):
    """HTTP in which heads and trailers have an end, and nobody has to be waited for.

    The parser would keep any number of bytes of a head, the server any number of requests that were sent
    ahead, and any answer that nobody reads.
    """

    _kept = 0
    _deaf: asyncio.TimerHandle | None = None
    _end_stream: Callable[[], None] | None = None
    _is_ending = False

    def __init__(self, config: uvicorn.Config, *args: Any, **kwargs: Any) -> None:
        super().__init__(config, *args, **kwargs)
        self._answer_unread: AnswerUnread | None = getattr(config.app, "answer_unread", None)

    def data_received(self, data: bytes) -> None:
        """Read what came; answer 400 and hang up when too much has come that is no body, or waits."""
        self._kept += len(data)
        super().data_received(data)
        if self.transport.is_closing():
            return
        if self._kept > LONGEST_HEAD:
            self.send_400_response("The head of the request is too long.")
        elif len(self.pipeline) > MOST_WAITING:
            self.pipeline.clear()
            self.send_400_response("Too many requests wait.")

    def on_headers_complete(self) -> None:
        """Begin to count anew; a stream that is under way ends, or the request would never be answered."""
        self._kept = 0
        if self._end_stream is not None:
            self._end_stream()
        super().on_headers_complete()
        self.scope["extensions"] = {STREAM: {BEGIN: partial(self._begin_stream, self.cycle)}}

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        """Begin with a request, or answer it at once: then it has no task, and its body is not kept.

        Not where the connection ends with the answer, which then would be lost with what was not read, nor
        where the client waits to send its body, or reads no answers.
        """
        answer = None
        is_simple = cycle.keep_alive and not cycle.waiting_for_100_continue
        if self._answer_unread is not None and is_simple and not self.flow.write_paused:
            answer = self._answer_unread(cast("Scope", cycle.scope))
        if answer is None:
            # One before it may have been answered with the same bytes that brought this one.
            self._unset_keepalive_if_required()
            super()._start_asgi_task(cycle, app)
            return
        date = (b"%s: %s\r\n" % header for header in self.server_state.default_headers)
        self.transport.write(b"".join((answer.start, *date, answer.headers, answer.body)))
        cycle.response_started = cycle.response_complete = True
        self.on_response_complete()

    def _begin_stream(self, cycle: RequestResponseCycle, end: Callable[[], None]) -> None:
        """Give the answer little room, the connection no other request, and note how it is ended.

        It ends at once if the client has left, the server ends, or another request waits already: when the
        client leaves, only the newest is told.
        """
        cycle.keep_alive = False
        if self._is_ending or cycle is not self.cycle or self.transport.is_closing():
            end()
            return
        self._end_stream = end
        self.transport.set_write_buffer_limits(STREAM_BUFFER)
        connection = self.transport.get_extra_info("socket")
        if connection is not None:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, STREAM_BUFFER)
            if hasattr(socket, "TCP_USER_TIMEOUT"):
                silent_ms = SILENT_S * 1000
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, silent_ms)

    def shutdown(self) -> None:
        """End the connection, or let its answer end; one that has no end is ended."""
        self._is_ending = True
        super().shutdown()
        if self._end_stream is not None:
            self._end_stream()

    def pause_writing(self) -> None:
        """Wait for the client to read; for so long."""
        super().pause_writing()
        self._deaf = self.loop.call_later(LONGEST_DEAF_S, self.transport.abort)

    def resume_writing(self) -> None:
        """Go on."""
        super().resume_writing()
        self._stop_waiting()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection; a stream ends with it."""
        self._stop_waiting()
        if self._end_stream is not None:
            self._end_stream()
            self._end_stream = None
        super().connection_lost(exc)

    def _stop_waiting(self) -> None:
        if self._deaf is not None:
            self._deaf.cancel()
            self._deaf = None

    def on_body(self, body: bytes) -> None:
        """Begin to count anew: the body has a bound of its own (`middleware`)."""
        self._kept = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Begin to count anew; where the answer was there before the end, the client's time begins now."""
        self._kept = 0
        super().on_message_complete()
        if self.cycle.response_complete and self.timeout_keep_alive_task is None:
            self.timeout_keep_alive_task = self.loop.call_later(
                self.timeout_keep_alive, self.timeout_keep_alive_handler
            )


MANY_OBJECTS: Final = 10_000
"""New objects after which those are looked for that only hold each other: a request leaves hundreds."""


def make_server(app: ASGIApp, host: str, port: int) -> uvicorn.Server:
    """Return a server that logs no request and names no software.

    `run` it between `RunningSite.start` and `stop`. An app may have `answer_unread` (`AnswerUnread`).
    """
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        http=BoundedProtocol,
        access_log=False,
        server_header=False,
        # Nobody here wants a reader's address, nor whether a proxy was asked over TLS.
        proxy_headers=False,
        log_config=None,
        lifespan="off",
        ws="none",
        timeout_graceful_shutdown=GRACE_S,
    )
    return uvicorn.Server(config)


def keep_imported() -> None:
    """Leave out what was imported whenever objects that hold each other are looked for: it stays."""
    gc.freeze()


def settle_memory() -> None:
    """Leave out what there is now, and stays; from now on objects that hold each other are looked for."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(MANY_OBJECTS)
    gc.enable()


def raise_file_limit() -> None:
    """Let this process have as many connections as the system allows it, within reason."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_FILES if hard == resource.RLIM_INFINITY else min(MOST_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
