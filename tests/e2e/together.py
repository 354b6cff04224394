"""Many requests at the same instant, each over a connection of its own."""

import json
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from typing import Any, NamedTuple
from urllib.parse import urlsplit

TIMEOUT_S = 40


class Reply(NamedTuple):
    """An answer: status, headers (names in lower case), body."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> dict[str, Any]:
        """The body as a JSON object."""
        value: dict[str, Any] = json.loads(self.body)
        return value

    @property
    def outcome(self) -> tuple[int, str | None]:
        """The status, and the code of the problem if it is one."""
        is_problem = self.headers["content-type"] == "application/problem+json"
        return self.status, str(self.json["code"]) if is_problem else None


def post(url: str, path: str, body: dict[str, Any]) -> Reply:
    """Send one request over a connection of its own."""
    (reply,) = post_together(url, path, [body])
    return reply


def post_together(url: str, path: str, bodies: Sequence[dict[str, Any]]) -> list[Reply]:
    """Connect as often as there are bodies, then send all at once; return the answers in order."""
    barrier = threading.Barrier(len(bodies))
    with ThreadPoolExecutor(len(bodies)) as pool:
        return list(pool.map(lambda body: _post(url, path, body, barrier), bodies))


def _post(url: str, path: str, body: dict[str, Any], barrier: threading.Barrier) -> Reply:
    connection = HTTPConnection(urlsplit(url).netloc, timeout=TIMEOUT_S)
    data = json.dumps(body)
    try:
        connection.connect()
        barrier.wait(TIMEOUT_S)
        connection.request("POST", path, data, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        headers = {name.lower(): value for name, value in answer.getheaders()}
        return Reply(answer.status, headers, answer.read())
    finally:
        connection.close()
