"""A way to the site on which answers are lost: the site has done its part, the member never hears of it."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

TIMEOUT_S = 60


class LossyProxy(ThreadingHTTPServer):
    """Passes requests on to a site, and loses the next answers to what it is told to lose.

    `lost` holds the bodies of the answers that it has lost.
    """

    daemon_threads = True

    def __init__(self, upstream: str) -> None:
        super().__init__(("127.0.0.1", 0), _Relay)
        self.upstream = urlsplit(upstream).netloc
        self.lost: list[bytes] = []
        self._ending = ""
        self._left = 0
        self._then: Callable[[], None] | None = None

    @property
    def url(self) -> str:
        """Where members find the site."""
        return f"http://127.0.0.1:{self.server_port}"

    def lose(self, ending: str, *, times: int = 1, then: Callable[[], None] | None = None) -> None:
        """Lose the next answers to paths with this ending; call `then` when one was lost."""
        self._ending, self._left, self._then = ending, times, then

    def takes_away(self, path: str, answer: bytes) -> bool:
        """Say whether this answer is to be lost, and remember it."""
        if not self._left or not path.endswith(self._ending):
            return False
        self._left -= 1
        self.lost.append(answer)
        if self._then is not None:
            self._then()
        return True


class _Relay(BaseHTTPRequestHandler):
    server: LossyProxy

    def do_GET(self) -> None:
        self._relay()

    def do_POST(self) -> None:
        self._relay()

    def _relay(self) -> None:
        self.close_connection = True
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        upstream = HTTPConnection(self.server.upstream, timeout=TIMEOUT_S)
        try:
            headers = {"Content-Type": self.headers.get("Content-Type", "")}
            upstream.request(self.command, self.path, body or None, headers)
            answer = upstream.getresponse()
            data = answer.read()
        except OSError:
            # The site is down: the member's connection is closed without an answer.
            return
        finally:
            upstream.close()
        if self.server.takes_away(self.path, data):
            return
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.getheader("Content-Type", ""))
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's
        """Say nothing."""


@contextmanager
def lossy_proxy(upstream: str) -> Iterator[LossyProxy]:
    """Run a proxy to a site."""
    with LossyProxy(upstream) as proxy:
        thread = threading.Thread(target=proxy.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield proxy
        finally:
            proxy.shutdown()
            thread.join()
