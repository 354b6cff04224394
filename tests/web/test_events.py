"""The event stream of a letter's numbers: what it says, to how many, and what it costs the server."""

import asyncio
import resource
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from tests.live import LiveSite, live_site_in
from tests.web.listeners import PATIENCE_S, OpenPage, open_pages, wait_until
from tests.web.members import assert_problem, signed

from undersigned.app.reading import list_numbers
from undersigned.web import protocol, serving
from undersigned.web.api import broadcast as module
from undersigned.web.api.broadcast import Broadcast

PATH = "/api/v1/letters/small-letter@1/events"
COUNTS = "/api/v1/letters/small-letter@1/counts"
PAGES = 200


def test_every_open_page_ends_with_the_right_count(
    live_site: LiveSite, client: httpx2.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """200 pages are open while members sign: all see it, few readings serve them, no thread waits."""
    readings = 0

    def read_noting(*args: Any) -> Any:
        nonlocal readings
        readings += 1
        return list_numbers(*args)

    monkeypatch.setattr(module, "list_numbers", read_noting)

    async def run() -> None:
        before = threading.active_count()
        async with open_pages(live_site.url, PATH, PAGES) as pages:
            assert {page.status for page in pages} == {200}
            assert readings <= 2
            assert threading.active_count() <= before + 5
            for invite in live_site.invites[:3]:
                await asyncio.to_thread(signed, client, live_site.slug, invite)
            counts = client.get(COUNTS).json()
            assert counts["standing"] == 3
            await wait_until(lambda: all(page.counts == counts for page in pages))
            assert readings < PAGES / 10

    asyncio.run(run())


def test_the_stream_says_what_counts_answers(live_site: LiveSite, client: httpx2.Client) -> None:
    """By any name of the letter, for any origin; nothing on the way may keep it or hold it back."""
    with client.stream("GET", "/api/v1/letters/small-letter/events") as answer:
        assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"
        assert answer.headers["cache-control"] == "no-store, no-transform"
        assert answer.headers["x-accel-buffering"] == "no"
        assert answer.headers["access-control-allow-origin"] == "*"
        lines = answer.iter_lines()
        assert next(lines).startswith("retry: ")
        data = next(line for line in lines if line.startswith("data: "))
    assert data.removeprefix("data: ") == client.get(COUNTS).text


def test_head_has_no_stream(client: httpx2.Client) -> None:
    """Who asks for the headers gets them, and the answer ends."""
    answer = client.head(PATH)
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["content-type"].startswith("text/event-stream")


def test_what_there_is_not(client: httpx2.Client) -> None:
    """A letter that there is not, a name that is none, a method that is not taken."""
    assert_problem(client.get("/api/v1/letters/no-such/events"), 404, "unknown-letter")
    assert_problem(client.get("/api/v1/letters/small-letter@x/events"), 404, "unknown-letter")
    answer = client.post(PATH)
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD")


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let what takes long in life be short."""
    monkeypatch.setattr(module, "LOOK_S", 0.05)
    monkeypatch.setattr(module, "BEAT_S", 0.05)
    monkeypatch.setattr(module, "MOST_LISTENERS", 2)
    monkeypatch.setattr(protocol, "LONGEST_DEAF_S", 0.5)


@pytest.fixture
def lively(short: None, tmp_path: Path) -> Iterator[LiveSite]:
    """A site of its own in which that is so."""
    with live_site_in(tmp_path / "data") as live:
        yield live


def broadcast_of(live: LiveSite) -> Broadcast:
    """Return the broadcast of the site's app."""
    found = live.app.state.broadcast
    assert isinstance(found, Broadcast)
    return found


def test_beats_come_and_places_are_given_back(lively: LiveSite) -> None:
    """With two open, the third is told to ask for itself; when one has left there is a place."""

    async def run() -> None:
        async with open_pages(lively.url, PATH, 2) as pages:
            await wait_until(lambda: all(page.beats > 1 for page in pages))
            answer = await asyncio.to_thread(httpx2.get, lively.url + PATH)
            assert_problem(answer, 503, "too-many-listeners")
            assert answer.headers["retry-after"] == "60"
            pages[0].transport.abort()
            await wait_until(lambda: broadcast_of(lively).number == 1)
            async with open_pages(lively.url, PATH, 1) as more:
                assert more[0].status == 200

    asyncio.run(run())


def test_who_never_reads_is_dropped(lively: LiveSite, monkeypatch: pytest.MonkeyPatch) -> None:
    """Little is kept for them, for a short time; others hear all along."""
    monkeypatch.setattr(module, "BEAT", b": %b\n\n" % (b"x" * 3_000))

    async def run() -> None:
        async with open_pages(lively.url, PATH, 1):
            deaf = socket.socket()
            deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2_048)
            deaf.connect(("127.0.0.1", int(lively.url.rpartition(":")[2])))
            deaf.setblocking(False)
            loop = asyncio.get_running_loop()
            transport, _ = await loop.create_connection(
                lambda: OpenPage(PATH, reads=False), sock=deaf
            )
            await wait_until(lambda: broadcast_of(lively).number == 2)
            await wait_until(lambda: broadcast_of(lively).number == 1)
            transport.abort()

    asyncio.run(run())


REQUEST = f"GET {PATH} HTTP/1.1\r\nHost: letters.example\r\n\r\n".encode()


def ask(live: LiveSite, requests: bytes) -> socket.socket:
    """Open a connection and send requests in one go."""
    port = int(live.url.rpartition(":")[2])
    connection = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S)
    connection.sendall(requests)
    return connection


def wait_until_nobody_listens(live: LiveSite) -> None:
    """Wait until every place has been given back."""
    asyncio.run(wait_until(lambda: broadcast_of(live).number == 0))


@pytest.mark.parametrize("comes_later", [False, True])
def test_who_asks_for_something_else_leaves(live_site: LiveSite, *, comes_later: bool) -> None:
    """A request on the same connection, at once or later, ends the stream, as HTTP has it."""
    wait_until_nobody_listens(live_site)
    with ask(live_site, REQUEST if comes_later else REQUEST * 2) as connection:
        answer = b""
        if comes_later:
            while b"event: counts" not in answer:
                answer += connection.recv(65_536)
            connection.sendall(REQUEST)
        connection.settimeout(module.BEAT_S / 2)
        while data := connection.recv(65_536):
            answer += data
    assert answer.count(b"HTTP/1.1 200 ") == answer.count(b"HTTP/") == 1
    assert b"connection: close\r\n" in answer
    assert answer.endswith(b"0\r\n\r\n")
    wait_until_nobody_listens(live_site)


def test_open_pages_do_not_hold_up_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The server ends at once, and with it every stream, as HTTP has it."""
    # So long that a busy machine, which may take a while to end, is told from a server that waits.
    monkeypatch.setattr(serving, "GRACE_S", 120)

    async def run() -> None:
        site = live_site_in(tmp_path / "data")
        live = await asyncio.to_thread(site.__enter__)
        async with open_pages(live.url, PATH, 20) as pages:
            start = time.monotonic()
            await asyncio.to_thread(site.__exit__, None, None, None)
            assert time.monotonic() - start < serving.GRACE_S / 2
            await asyncio.gather(*(page.has_ended for page in pages))
            assert all(page.has_whole_end for page in pages)

    asyncio.run(run())


def test_half_of_the_connections_are_for_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the system allows few, the pages that listen leave room for those who sign."""
    monkeypatch.setattr(resource, "getrlimit", lambda _: (1_024, 4_096))
    assert module.most_listeners() == 512
    monkeypatch.setattr(resource, "getrlimit", lambda _: (10**6, 10**6))
    assert module.most_listeners() == module.MOST_LISTENERS
