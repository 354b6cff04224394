"""The address of this site as a reader types it, for links and for the commands that a page shows.

It is the configured one. What a Host header says is no more than what somebody has sent: caches could be
made to keep pages that lead elsewhere. Only where the site is served for this machine alone does it
choose between the names of this machine.
"""

from typing import Final, cast

from starlette.requests import Request

from undersigned.app.running import RunningSite

LONGEST_HOST: Final = 300
"""Characters of a Host header that are read: no name is longer."""

_LOOPBACK: Final = ("localhost", "127.0.0.1", "[::1]")
_LOCAL: Final = "http://localhost"


def find_base_url(request: Request, running: RunningSite) -> str:
    """Return `scheme://host[:port]` of the site, as the reader of an answer reaches it."""
    asked = request.headers.get("host", "")[:LONGEST_HOST]
    return choose_base_url(asked, running.desk.url, running.site.host)


def choose_base_url(asked: str, url: str, host: str) -> str:
    """Return where a site is that people reach at `url`, for somebody whose Host header says `asked`.

    `host` is that of its log's origin: where it is for whoever did not ask on the machine itself.
    """
    if not url.startswith(_LOCAL):
        return url
    port = url.removeprefix(_LOCAL)
    ours = [f"{name}{port}" for name in _LOOPBACK]
    return f"http://{asked}" if asked in ours else f"https://{host}"


def find_port(request: Request) -> int:
    """Return the port that the server listens on, for the lines of a reverse proxy."""
    server = cast("tuple[str, int | None] | None", request.scope.get("server"))
    return (server and server[1]) or 8000
