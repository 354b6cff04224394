"""HTTP as this server speaks it: with bounds, with streams that can be ended, and with answers at hand."""

import asyncio
import socket
from collections.abc import Callable
from functools import partial
from typing import Any, Final, cast

import uvicorn
from starlette.types import Scope
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from undersigned.app.failures import report_failure
from undersigned.web.unread import AnswerUnread, Unread

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


class BoundedProtocol(HttpToolsProtocol):
    """HTTP in which heads and trailers have an end, and nobody has to be waited for.

    The parser would keep any number of bytes of a head, the server any number of requests that were sent
    ahead, and any answer that nobody reads. What the app has at hand (`unread`) is answered here.
    """

    _kept = 0
    _at_once = 0
    _is_in_body = False
    _deaf: asyncio.TimerHandle | None = None
    _end_stream: Callable[[], None] | None = None
    _is_ending = False

    def __init__(self, config: uvicorn.Config, *args: Any, **kwargs: Any) -> None:
        super().__init__(config, *args, **kwargs)
        self._answer_unread: AnswerUnread | None = getattr(config.app, "answer_unread", None)

    def data_received(self, data: bytes) -> None:
        """Read what came; answer 400 and hang up when too much has come that is no body, or waits."""
        self._kept += len(data)
        self._at_once = 0
        super().data_received(data)
        if self.transport.is_closing():
            return
        if self._kept > LONGEST_HEAD:
            self.send_400_response("The head of the request is too long.")
        elif len(self.pipeline) > MOST_WAITING:
            self.pipeline.clear()
            self.send_400_response("Too many requests wait.")
        elif self._is_answered and self.timeout_keep_alive_task is None:
            # More came after the answer, of the same request or of the next one.
            self.timeout_keep_alive_task = self.loop.call_later(
                self.timeout_keep_alive, self.timeout_keep_alive_handler
            )

    @property
    def _is_answered(self) -> bool:
        newest: RequestResponseCycle | None = self.cycle
        return newest is not None and newest.response_complete

    def send_400_response(self, msg: str) -> None:
        """Answer 400 and hang up; a request that was answered before its end has no second answer."""
        if self._is_in_body and self._is_answered:
            self.transport.close()
            return
        super().send_400_response(msg)

    def on_headers_complete(self) -> None:
        """Begin to count anew; a stream that is under way ends, or the request would never be answered."""
        self._kept, self._is_in_body = 0, True
        if self._end_stream is not None:
            self._end_stream()
        super().on_headers_complete()
        self.scope["extensions"] = {STREAM: {BEGIN: partial(self._begin_stream, self.cycle)}}

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        """Begin with a request, or answer it at once: then it has no task, and its body is not kept."""
        answer = self._find_answer(cycle)
        if answer is None:
            # One before it may have been answered with the same bytes that brought this one.
            self._unset_keepalive_if_required()
            super()._start_asgi_task(cycle, app)
            return
        self._at_once += 1
        own = (b"%s: %s\r\n" % header for header in self.server_state.default_headers)
        self.transport.write(b"".join((answer.start, *own, answer.headers, answer.body)))
        cycle.response_started = cycle.response_complete = True
        self.on_response_complete()

    def _find_answer(self, cycle: RequestResponseCycle) -> Unread | None:
        """Return what answers a request unread, if that may be.

        Not where the connection ends with the answer, which then would be lost with what was not read, nor
        where the client waits to send its body, reads no answers, or has sent so much ahead that others
        would have to wait.
        """
        if self._answer_unread is None or not cycle.keep_alive or cycle.waiting_for_100_continue:
            return None
        if self.flow.write_paused or self._at_once >= MOST_WAITING:
            return None
        try:
            return self._answer_unread(cast("Scope", cycle.scope))
        except Exception as error:  # noqa: BLE001 - it is answered the long way, if it can be
            report_failure("request", error)
            return None

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
        """Begin to count anew."""
        self._kept, self._is_in_body = 0, False
        super().on_message_complete()
