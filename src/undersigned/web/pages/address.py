"""The address of this site as a reader types it, for the commands that a page shows.

The Host header is believed only where it names the site or this machine: otherwise a cache could be
made to keep a page that sends its readers elsewhere.
"""

import re
from typing import Final, cast

from starlette.requests import Request

_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "[::1]"})
_HOST = re.compile(r"(\[::1\]|[a-z0-9.-]{1,253})(?::([0-9]{1,5}))?")


def find_base_url(request: Request, host: str) -> str:
    """Return `scheme://host[:port]` of the site whose log's origin has this host."""
    match = _HOST.fullmatch(request.headers.get("host", ""))
    if match is not None and match[1] in _LOOPBACK | {host}:
        return f"{request.scope['scheme']}://{match[0]}"
    return f"https://{host}"


def find_port(request: Request) -> int:
    """Return the port that the server listens on, for the lines of a reverse proxy."""
    server = cast("tuple[str, int | None] | None", request.scope.get("server"))
    return (server and server[1]) or 8000
