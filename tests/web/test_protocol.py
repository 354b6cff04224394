"""The server's own bounds: what it reads before any of the site's code sees a request."""

import asyncio
import contextlib
import re
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import httpx2
import pytest
import uvicorn
from starlette.types import Receive, Scope, Send
from structlog.testing import capture_logs
from tests.live import LiveSite
from tests.web.listeners import PATIENCE_S, wait_until
from uvicorn.server import ServerState

from undersigned.web.protocol import BEGIN, LONGEST_HEAD, MOST_WAITING, STREAM, BoundedProtocol
from undersigned.web.unread import Unread, write_unread

PART = b"a" * 10_000
REQUEST = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


def _answer(url: str, head: bytes, part: bytes, number: int) -> bytes:
    """Send a head and then one part again and again; return all that comes until the server hangs up."""
    answer = b""
    with socket.create_connection(("127.0.0.1", int(url.rpartition(":")[2])), timeout=60) as to:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            to.sendall(head)
            for _ in range(number):
                to.sendall(part)
        with contextlib.suppress(ConnectionResetError):
            while data := to.recv(65_536):
                answer += data
    return answer


@pytest.mark.parametrize(
    ("head", "part"),
    [
        (b"GET / HTTP/1.1\r\nA: ", PART),
        (b"GET /", PART),
        (b"GET / HTTP/1.1\r\n", b"A: b\r\n" * 2_000),
        (b"", b"\r\n" * 5_000),
        (
            b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n",
            b"A: b\r\n" * 2_000,
        ),
    ],
    ids=["a header", "a path", "headers", "empty lines", "trailers"],
)
def test_a_head_without_end_is_cut(head: bytes, part: bytes, live_site: LiveSite) -> None:
    """However it is dealt out, the server hangs up; a request that was whole already is answered."""
    answer = _answer(live_site.url, head, part, 100)
    assert re.match(rb"HTTP/1.1 40[05] |$", answer)


def test_what_is_within_the_bound_is_served(live_site: LiveSite) -> None:
    """Long headers, and many requests over one connection."""
    with httpx2.Client(base_url=live_site.url, timeout=60) as client:
        for _ in range(20):
            answer = client.get("/api/v1/site", headers={"A": "a" * (LONGEST_HEAD // 8)})
            assert answer.status_code == 200


def test_a_large_body_is_no_head(live_site: LiveSite) -> None:
    """Bodies are counted by the site, and told so in its own words."""
    with httpx2.Client(base_url=live_site.url, timeout=60) as client:
        path = "/api/v1/letters/small-letter/signatures"
        assert client.post(path, content=b" " * 200_000).json()["code"] == "format-error"
        assert client.post(path, content=b" " * 300_000).json()["code"] == "too-large"


@dataclass
class Streams:
    """An app whose answers have no end, and which wait until they may begin."""

    may_begin: asyncio.Event = field(default_factory=asyncio.Event)
    asked: int = 0
    ended: int = 0
    protocols: list[BoundedProtocol] = field(default_factory=list)

    async def __call__(self, scope: Scope, _receive: Receive, send: Send) -> None:
        """Answer until the server says that it is over; who leaves is not asked about."""
        self.asked += 1
        await self.may_begin.wait()
        over = asyncio.Event()
        scope["extensions"][STREAM][BEGIN](over.set)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await over.wait()
        self.ended += 1
        await send({"type": "http.response.body", "body": b""})


@contextlib.asynccontextmanager
async def connected(
    app: "Streams | Full",
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """Serve an app in this loop; give a connection to it."""
    config = uvicorn.Config(app, lifespan="off", log_config=None, ws="none")
    config.load()

    def make_protocol() -> BoundedProtocol:
        app.protocols.append(BoundedProtocol(config, ServerState(), {}))
        return app.protocols[-1]

    server = await asyncio.get_running_loop().create_server(make_protocol, "127.0.0.1", 0)
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
    try:
        yield reader, writer
    finally:
        writer.close()
        server.close()
        await server.wait_closed()


@pytest.mark.parametrize(
    "requests", [REQUEST, REQUEST * 2, REQUEST * 9], ids=["one", "two", "nine"]
)
def test_a_stream_ends_with_its_connection(requests: bytes) -> None:
    """However many were asked for in one go, those that have begun end when the client has left."""

    async def run() -> None:
        streams = Streams()
        async with connected(streams) as (reader, writer):
            streams.may_begin.set()
            writer.write(requests)
            assert await reader.readuntil(b"\r\n") == b"HTTP/1.1 200 OK\r\n"
            writer.close()
            await wait_until(lambda: streams.ended == 1)
            assert streams.asked == 1

    asyncio.run(run())


def test_no_stream_begins_when_the_server_ends() -> None:
    """One that was asked for before ends at once, whole."""

    async def run() -> None:
        streams = Streams()
        async with connected(streams) as (reader, writer):
            writer.write(REQUEST)
            await wait_until(lambda: streams.asked == 1)
            streams.protocols[0].shutdown()
            streams.may_begin.set()
            async with asyncio.timeout(PATIENCE_S):
                assert (await reader.read()).endswith(b"0\r\n\r\n")

    asyncio.run(run())


def test_who_has_left_before_it_begins() -> None:
    """The stream ends at once, and nothing is wanted of a connection that is gone."""

    async def run() -> None:
        streams = Streams()
        async with connected(streams) as (_, writer):
            writer.write(REQUEST)
            await wait_until(lambda: streams.asked == 1)
            writer.close()
            await wait_until(streams.protocols[0].transport.is_closing)
            streams.may_begin.set()
            await wait_until(lambda: streams.ended == 1)

    asyncio.run(run())


@pytest.mark.parametrize(("number", "waiting"), [(MOST_WAITING + 1, MOST_WAITING), (2_000, 0)])
def test_few_requests_wait_for_the_one_before(number: int, waiting: int) -> None:
    """Who sends more of them ahead is hung up on, and none of theirs is kept."""

    async def run() -> None:
        streams = Streams()
        async with connected(streams) as (reader, writer):
            writer.write(REQUEST * number)
            if waiting:
                await wait_until(lambda: len(streams.protocols[0].pipeline) == waiting)
            else:
                async with asyncio.timeout(PATIENCE_S):
                    assert (await reader.readline()).startswith(b"HTTP/1.1 400 ")
                assert not streams.protocols[0].pipeline
            streams.may_begin.set()
            await wait_until(lambda: streams.ended == 1)

    asyncio.run(run())


# --- requests that are answered unread

SECRET = "7GDV-9HK4"
REFUSED = write_unread(503, [(b"retry-after", b"2"), (b"content-length", b"5")], b"full\n")


@dataclass
class Full:
    """An app that has no room for what is posted, and says of all that it does read how long it was."""

    read: list[int] = field(default_factory=list)
    may_answer: asyncio.Event = field(default_factory=asyncio.Event)
    protocols: list[BoundedProtocol] = field(default_factory=list)

    def answer_unread(self, scope: Scope) -> Unread | None:
        """Turn away what is posted."""
        return REFUSED if scope["method"] == "POST" else None

    async def __call__(self, _scope: Scope, receive: Receive, send: Send) -> None:
        """Read a request to its end, then answer."""
        read, more = 0, True
        while more:
            message = await receive()
            more = message.get("more_body", False)
            read += len(message.get("body", b""))
        self.read.append(read)
        await self.may_answer.wait()
        headers = [(b"content-length", b"0")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b""})


def _posted(size: int, *more: bytes) -> bytes:
    lines = b"".join(line + b"\r\n" for line in (b"Host: x", b"Content-Length: %d" % size, *more))
    return b"POST / HTTP/1.1\r\n" + lines + b"\r\n" + b"a" * size


def test_what_is_answered_unread_is_not_read() -> None:
    """Each has its answer, dated, in the order in which they came; the app hears of the others only."""

    async def run() -> None:
        full = Full()
        async with connected(full) as (reader, writer), asyncio.timeout(PATIENCE_S):
            full.may_answer.set()
            writer.write(_posted(300_000) + (_posted(10) + REQUEST) * 3)
            for is_refused in (True, *(True, False) * 3):
                head = await reader.readuntil(b"\r\n\r\n")
                start = b"HTTP/1.1 503 " if is_refused else b"HTTP/1.1 200 OK\r\n"
                assert head.startswith(start)
                assert not is_refused or await reader.readexactly(5) == b"full\n"
            assert full.read == [0, 0, 0]

    asyncio.run(run())


@pytest.mark.parametrize(
    "line", [b"Connection: close", b"Expect: 100-continue", b""], ids=["last", "asked", "deaf"]
)
def test_who_needs_it_is_read_all_the_same(line: bytes) -> None:
    """Else the answer would be lost with what was not read, a body be sent in vain, or answers pile up."""

    async def run() -> None:
        full = Full()
        async with connected(full) as (reader, writer), asyncio.timeout(PATIENCE_S):
            await wait_until(lambda: bool(full.protocols))
            if not line:
                full.protocols[0].pause_writing()
            full.may_answer.set()
            writer.write(_posted(10, *filter(None, [line])))
            await wait_until(lambda: full.read == [10])
            full.protocols[0].resume_writing()
            while b" 200 OK\r\n" not in await reader.readuntil(b"\r\n\r\n"):
                """What comes before says that it may send."""

    asyncio.run(run())


@pytest.mark.parametrize("more", [b"a", b"a" * 5, b"a" * 5 + b"GET"], ids=["less", "all", "next"])
def test_who_is_answered_before_the_end_is_not_kept_for_ever(more: bytes) -> None:
    """The server hangs up on who sends nothing more, wherever that is."""

    async def run() -> None:
        full = Full()
        async with connected(full) as (reader, writer), asyncio.timeout(PATIENCE_S):
            await wait_until(lambda: bool(full.protocols))
            writer.write(_posted(10)[:-5])
            await reader.readuntil(b"full\n")
            full.protocols[0].timeout_keep_alive = 0
            writer.write(more)
            assert await reader.read() == b""

    asyncio.run(run())


def test_what_makes_no_sense_after_an_answer_has_no_other() -> None:
    """A second answer would be taken for that of the next request."""

    async def run() -> None:
        full = Full()
        async with connected(full) as (reader, writer), asyncio.timeout(PATIENCE_S):
            writer.write(
                b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nnothing\r\n"
            )
            assert (await reader.read()).endswith(b"full\n")

    asyncio.run(run())


def test_many_that_are_at_hand_hold_up_nobody() -> None:
    """Who sends more of them ahead than may wait is hung up on, as with all others."""

    async def run() -> None:
        full = Full()
        async with connected(full) as (reader, writer), asyncio.timeout(PATIENCE_S):
            writer.write(_posted(0) * 2_000)
            answer = await reader.read()
            assert answer.count(b"full\n") == MOST_WAITING
            assert b"HTTP/1.1 400 " in answer

    asyncio.run(run())


def test_a_defect_is_answered_in_the_one_way(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is told by its place, without a word of what was sent, and the request goes on."""

    def fail(_app: Full, _scope: Scope) -> None:
        raise ValueError(SECRET)

    async def run() -> None:
        monkeypatch.setattr(Full, "answer_unread", fail)
        full = Full()
        full.may_answer.set()
        async with connected(full) as (reader, writer), asyncio.timeout(PATIENCE_S):
            writer.write(_posted(10))
            assert (await reader.readline()).startswith(b"HTTP/1.1 200 ")

    with capture_logs() as logs:
        asyncio.run(run())
    assert [line["error"] for line in logs] == ["ValueError"]
    assert SECRET not in repr(logs)


def test_who_waits_behind_what_was_at_hand_is_not_hung_up_on() -> None:
    """The time for a next request does not run while one is under way that came with the one before."""

    async def run() -> None:
        full = Full()
        async with connected(full) as (reader, writer), asyncio.timeout(PATIENCE_S):
            await wait_until(lambda: bool(full.protocols))
            full.protocols[0].timeout_keep_alive = 0
            writer.write(_posted(10) + REQUEST)
            await reader.readuntil(b"full\n")
            await wait_until(lambda: full.read == [0])
            # Many times as long as the time that does not run.
            await asyncio.sleep(0.2)
            full.may_answer.set()
            assert (await reader.readline()).startswith(b"HTTP/1.1 200 ")

    asyncio.run(run())
