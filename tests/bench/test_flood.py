"""A flood keeps its rate, sends what was refused again, and what was taken no more."""

from collections import Counter
from collections.abc import Iterator

import pytest
from bench.flood import Surge, send_flood
from bench.load import post
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from tests.live import serve


class Door:
    """Refuses every path the first time it is asked for, and takes it the second."""

    def __init__(self) -> None:
        self.asked: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        path = scope["path"]
        await Request(scope, receive).body()
        self.asked[path] += 1
        status = 503 if self.asked[path] == 1 else 201
        await Response(path.encode(), status)(scope, receive, send)


@pytest.fixture
def door() -> Door:
    """What answers."""
    return Door()


@pytest.fixture
def port(door: Door) -> Iterator[int]:
    """Serve it."""
    with serve(door) as url:
        yield int(url.rpartition(":")[2])


def test_what_is_refused_comes_again(door: Door, port: int) -> None:
    """Each is taken once, and nothing is sent after that."""
    requests = [post(f"/{number}", b"x" * 5_000) for number in range(20)]
    flooded = send_flood(Surge(port, 3, 2_000.0, 60.0, requests))
    assert flooded.statuses == {503: 20, 201: 20}
    assert flooded.sent == 40
    assert flooded.bodies == {number: f"/{number}".encode() for number in range(20)}
    assert set(door.asked.values()) == {2}


def test_it_ends_when_its_time_is_over(port: int) -> None:
    """At ten requests a second there are about twenty in two seconds, however many there would be."""
    requests = [post(f"/{number}", b"") for number in range(1_000)]
    flooded = send_flood(Surge(port, 4, 10.0, 2.0, requests))
    assert 0 < flooded.sent <= 30
    assert flooded.sent == flooded.statuses.total()
