"""The server's own bounds: what it reads before any of the site's code sees a request."""

import contextlib
import re
import socket

import httpx2
import pytest
from tests.live import LiveSite

from undersigned.web.serving import LONGEST_HEAD

PART = b"a" * 10_000


def _answer(url: str, head: bytes, part: bytes, number: int) -> bytes:
    """Send a head and then one part again and again; return all that comes until the server hangs up."""
    answer = b""
    with socket.create_connection(("127.0.0.1", int(url.rpartition(":")[2])), timeout=20) as to:
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
    with httpx2.Client(base_url=live_site.url) as client:
        for _ in range(20):
            answer = client.get("/api/v1/site", headers={"A": "a" * (LONGEST_HEAD // 8)})
            assert answer.status_code == 200


def test_a_large_body_is_no_head(live_site: LiveSite) -> None:
    """Bodies are counted by the site, and told so in its own words."""
    with httpx2.Client(base_url=live_site.url) as client:
        path = "/api/v1/letters/small-letter/signatures"
        assert client.post(path, content=b" " * 200_000).json()["code"] == "format-error"
        assert client.post(path, content=b" " * 300_000).json()["code"] == "too-large"
