"""Every error over HTTP: the table and its documentation, the one shape, and nothing that leaks."""

import json
import re
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from structlog.testing import capture_logs
from tests.live import LiveSite, serve
from tests.web.members import assert_problem

from undersigned import errors
from undersigned.errors import Busy, LetterRefused, RollRefused, StoreError, UndersignedError
from undersigned.web.asgi import make_app
from undersigned.web.body_limits import MOST_BODY
from undersigned.web.problems import HTTP_PROBLEMS, STATUS, code_of, problem_of, status_of

DOCUMENT = Path(__file__).parents[2] / "docs" / "errors.md"
SECRET = "alva@staff.example 7GDV-9HK4"  # what no log and no answer may hold


def every_error() -> list[type[UndersignedError]]:
    """Return every class of the tree."""
    found = [
        kind
        for kind in vars(errors).values()
        if isinstance(kind, type) and issubclass(kind, UndersignedError)
    ]
    assert len(found) > 30
    return found


def documented(column: int) -> dict[str, str]:
    """Return a column of the table in the documentation by class."""
    row = r"^\| `(\w+)` \| `([\w-]+)` \| (.*?) \| (\d+|-) \| \d \|$"
    return {
        found[0]: found[column] for found in re.findall(row, DOCUMENT.read_text(), re.MULTILINE)
    }


def test_table_is_the_documented_one() -> None:
    """Every class has the code, the sentence and the status that the documentation says."""
    kinds = {kind.__name__: kind for kind in every_error()}
    assert set(documented(0)) == set(kinds)
    assert {name: code_of(kind) for name, kind in kinds.items()} == documented(1)
    sentences = {name: (kind.__doc__ or "").splitlines()[0] for name, kind in kinds.items()}
    assert sentences == documented(2)
    statuses = {name: str(STATUS.get(kind, "-")) for name, kind in kinds.items()}
    assert statuses == documented(3)


def test_problems_of_http_itself_are_documented() -> None:
    """The codes that HTTP alone gives stand in the documentation with their status."""
    row = r"^\| `([\w-]+)` \| ([^|]*) \| (\d{3}) \|$"
    found = re.findall(row, DOCUMENT.read_text(), re.MULTILINE)
    assert {int(status): (code, sentence) for code, sentence, status in found} == HTTP_PROBLEMS


def instances() -> Iterator[UndersignedError]:
    """Give one error of every class."""
    for kind in every_error():
        if kind is RollRefused:
            yield RollRefused([RollRefused.Row(3, "no @ in the address")])
        elif kind is LetterRefused:
            yield LetterRefused(["`rule` is missing"])
        else:
            yield kind()


@pytest.mark.parametrize("error", list(instances()), ids=lambda error: type(error).__name__)
def test_every_error_has_the_one_shape(error: UndersignedError) -> None:
    """Status, code and sentence of each class; 503 says when to come back."""
    response = problem_of(error)
    problem = json.loads(bytes(response.body))
    assert response.status_code == problem["status"] == status_of(type(error))
    assert problem["type"] == f"/problems/{problem['code']}"
    assert problem["detail"] == error.detail
    assert ("retry-after" in response.headers) == (response.status_code == 503)
    assert response.headers["content-type"] == "application/problem+json"
    assert ("rows" in problem) == isinstance(error, RollRefused)


def test_failures_of_the_store_name_no_file() -> None:
    """The reader learns that the store failed, not which path."""
    problem = json.loads(bytes(problem_of(StoreError("/srv/secret-folder is full")).body))
    assert problem["detail"] == StoreError().detail


def test_busy_says_its_own_time() -> None:
    """`Busy` carries its seconds."""
    error = Busy()
    error.retry_after_s = 17
    assert problem_of(error).headers["retry-after"] == "17"


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/api/v1/nothing", 404, "not-found"),
        ("GET", "/api/v1/letters/", 404, "not-found"),
        ("GET", "/nothing", 404, "not-found"),
        ("GET", "/docs", 404, "not-found"),
        ("GET", "/openapi.json", 404, "not-found"),
        ("GET", "/static/../asgi.py", 404, "not-found"),
        ("GET", "/static/nothing.css", 404, "not-found"),
        ("DELETE", "/api/v1/letters", 405, "method-not-allowed"),
        ("GET", "/api/v1/letters/small-letter/signatures", 405, "method-not-allowed"),
        ("GET", "/api/v1/letters/small-letter/tokens", 405, "method-not-allowed"),
        ("HEAD", "/api/v1/letters/small-letter/tokens", 405, "method-not-allowed"),
        ("POST", "/log/checkpoint", 405, "method-not-allowed"),
        ("POST", "/", 405, "method-not-allowed"),
        ("OPTIONS", "/api/v1/site", 405, "method-not-allowed"),
        ("PUT", "/static/style.css", 405, "method-not-allowed"),
    ],
)
def test_what_http_refuses(
    client: httpx2.Client, method: str, path: str, status: int, code: str
) -> None:
    """No route, or no such method: the same shape; and which methods there are."""
    answer = client.request(method, path)
    if method == "HEAD":
        assert (answer.status_code, answer.content) == (status, b"")
    else:
        assert_problem(answer, status, code)
    if status == 405:
        allowed = {name.strip() for name in answer.headers["allow"].split(",")}
        assert allowed in ({"GET", "HEAD"}, {"POST"})


@pytest.mark.parametrize("route", ["enrolments", "tokens", "signatures", "amendments"])
def test_bodies_are_bounded(client: httpx2.Client, route: str) -> None:
    """A body beyond the bound is refused, whether its length was announced or not."""
    path = f"/api/v1/letters/small-letter/{route}"
    data = b'"' + b"x" * MOST_BODY + b'"'
    headers = {"Content-Type": "application/json"}
    assert_problem(client.post(path, content=data, headers=headers), 413, "too-large")

    def parts() -> Iterator[bytes]:
        for start in range(0, len(data), 10_000):
            yield data[start : start + 10_000]

    assert_problem(client.post(path, content=parts(), headers=headers), 413, "too-large")


@pytest.mark.parametrize("route", ["enrolments", "tokens"])
@pytest.mark.parametrize(
    "body", [b"", b"{", b"\xff\xfe", b"nul", b"[" * 100_000, b"{}", b"null", b"NaN"]
)
def test_undecodable_bodies(client: httpx2.Client, route: str, body: bytes) -> None:
    """What is no JSON object of that form is 400, in the one shape."""
    path = f"/api/v1/letters/small-letter/{route}"
    headers = {"Content-Type": "application/json"}
    assert_problem(client.post(path, content=body, headers=headers), 400, "format-error")
    # A body that does not say that it is JSON is not read as JSON.
    assert_problem(client.post(path, content=body), 400, "format-error")


@pytest.fixture(scope="module")
def broken(live_site: LiveSite) -> Iterator[str]:
    """Serve the site with a route that fails, one that fails late, and one whose store fails."""
    app = make_app(live_site.running)

    async def fail(_request: Request) -> Response:
        raise RuntimeError(SECRET)

    async def fail_late(_request: Request) -> Response:
        async def look() -> None:
            raise RuntimeError(SECRET)

        return PlainTextResponse("done", background=BackgroundTask(look))

    async def fail_store(_request: Request) -> Response:
        raise StoreError("the folder is full")

    for path, route in (("/fail", fail), ("/late", fail_late), ("/store", fail_store)):
        app.router.routes.insert(0, Route(path, route))
    with serve(app) as url:
        yield url


def test_unexpected_failures_leak_nothing(broken: str, capfd: pytest.CaptureFixture[str]) -> None:
    """500 with the one shape; the log has class and place, and nothing that was sent."""
    with httpx2.Client(base_url=broken, timeout=60) as client, capture_logs() as logs:
        problem = assert_problem(client.get("/fail"), 500, "undersigned-error")
        assert client.get("/late").text == "done"
        assert_problem(client.get("/store"), 503, "store-error")
        assert client.get("/fail", headers={"Accept": "text/html"}).status_code == 500
    assert SECRET not in json.dumps(problem)
    told: list[Any] = [(log["activity"], log["error"], log["detail"]) for log in logs]
    assert told[0] == ("request", "RuntimeError", None)
    assert ("request", "StoreError", "the folder is full") in told
    assert SECRET not in json.dumps([str(log) for log in logs])
    captured = capfd.readouterr()
    assert SECRET not in captured.out + captured.err


def test_odd_hosts_are_no_failure(client: httpx2.Client) -> None:
    """A Host header that is no host changes nothing but what is not believed."""
    for path in ("/", "/nothing", "/letters/small-letter?lang=id", "/api/v1/site"):
        answer = client.get(path, headers={"Host": "[", "Accept": "text/html"})
        assert answer.status_code == (404 if path == "/nothing" else 200)


def test_those_who_leave_are_not_logged(live_site: LiveSite, client: httpx2.Client) -> None:
    """A connection that ends inside a body is no failure of the site."""
    host, _, port = live_site.url.removeprefix("http://").partition(":")
    with capture_logs() as logs:
        for route in ("signatures", "tokens"):
            with socket.create_connection((host, int(port))) as connection:
                head = f"POST /api/v1/letters/small-letter/{route} HTTP/1.1\r\nHost: {host}\r\n"
                head += "Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n{"
                connection.sendall(head.encode())
                time.sleep(0.1)
        for _ in range(5):
            assert client.get("/api/v1/site").status_code == 200
            time.sleep(0.02)
    assert logs == []
