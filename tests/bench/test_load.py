"""The load generator gives every request its own answer, and says so when there is none."""

import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from bench.load import Job, get, post, send_load
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send
from tests.e2e.server import Server, free_port
from tests.live import serve


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer with the path and the body; 404 for one path."""
    request = Request(scope, receive)
    body = request.url.path.encode() + await request.body()
    await Response(body, 404 if request.url.path == "/no" else 200)(scope, receive, send)


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """Serve the echo."""
    with serve(echo) as url:
        yield int(url.rpartition(":")[2])


def test_every_answer_is_that_of_its_request(port: int) -> None:
    """Over fewer connections than requests, long bodies and short, whatever order they come in."""
    bodies = [str(i).encode() * (20_000 if i % 3 else 1) for i in range(20)]
    requests = [post(f"/{i}", body) for i, body in enumerate(bodies)]
    load = send_load(Job(port, 3, [*requests, get("/no")]))
    assert load.bodies == [*(f"/{i}".encode() + body for i, body in enumerate(bodies)), b"/no"]
    assert load.statuses == [200] * 20 + [404]
    assert all(0 < each <= load.seconds for each in load.latencies)
    assert load.p99 == max(load.latencies)
    assert load.cpu > 0


def test_connections_are_dealt_out() -> None:
    """Where several processes serve one site, each gets its part of them; every answer has its place."""
    asked: list[Counter[int]] = [Counter(), Counter()]

    def counting(number: int) -> ASGIApp:
        async def count(scope: Scope, receive: Receive, send: Send) -> None:
            asked[number][scope["client"][1]] += 1
            await echo(scope, receive, send)

        return count

    with serve(counting(0)) as one, serve(counting(1)) as two:
        ports = [int(url.rpartition(":")[2]) for url in (one, two)]
        load = send_load(Job(ports[0], 5, [get(f"/{i}") for i in range(40)], ports[1:]))
    assert load.bodies == [f"/{i}".encode() for i in range(40)]
    assert [len(each) for each in asked] == [3, 2]


def test_nobody_listens() -> None:
    """It ends with an error, and does not wait."""
    with pytest.raises(subprocess.CalledProcessError):
        send_load(Job(free_port(), 2, [get("/")]))


def test_bare_server(tmp_path: Path) -> None:
    """The reference reads all of a request and answers with nothing."""
    with Server(tmp_path / "bare", answers="/", program=("-m", "bench.bare")) as server:
        load = send_load(Job(server.port, 2, [post("/any", bytes(100_000)), get("/"), get("/")]))
    assert (load.statuses, load.bodies) == ([200] * 3, [b""] * 3)
