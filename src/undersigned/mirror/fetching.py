"""Asking a site over HTTP: timeouts, limits, a few tries, and sentences when it does not answer."""

import re
import time
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

import httpx2

from undersigned.errors import FormatError, StoreError

TIMEOUT: Final = httpx2.Timeout(30, connect=10)
TRIES: Final = 3
"""A site that is restarting is back in seconds; more tries would only hide that it is down."""
LONGEST_WAIT_S: Final = 5.0
AT_ONCE: Final = 8
"""Connections: enough to keep a line busy, few enough for a small site."""

_AGAIN: Final = frozenset({429, 502, 503, 504})
_GONE: Final = frozenset({404, 410})
_LOCAL: Final = frozenset({"localhost", "127.0.0.1", "::1"})


def base_of(url: str) -> str:
    """Return the site's address, also from that of one of its pages. Raises FormatError."""
    try:
        parts = urlsplit(url)
        is_address = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        is_address = False
    if not is_address:
        raise FormatError("the address of a site begins with https:// and a host")
    path = parts.path.partition("/letters")[0].rstrip("/")
    return f"{parts.scheme}://{parts.netloc}{path}"


def warnings_of(base: str) -> tuple[str, ...]:
    """Return what a reader should know about how the site at this address was reached."""
    parts = urlsplit(base)
    if parts.scheme == "https" or parts.hostname in _LOCAL:
        return ()
    return ("The site was fetched without encryption: somebody on the way may have changed it.",)


@dataclass(frozen=True, slots=True)
class Fetcher:
    """Asks one site, a few times if it must. Raises StoreError with what to do about it."""

    client: httpx2.Client
    base: str

    def get(self, path: str, limit: int) -> bytes:
        """Return what the site serves under a path, at most `limit` bytes."""
        data = self.find(path, limit)
        if data is None:
            raise StoreError(
                f"{self.base}{path} does not exist: this is not the address of a site, or of an"
                " older one"
            )
        return data

    def find(self, path: str, limit: int) -> bytes | None:
        """Return what the site serves under a path, None if it has nothing there."""
        for tried in range(1, TRIES + 1):
            try:
                status, wait_s, data = self._ask(path, limit)
            except httpx2.HTTPError as error:
                if tried == TRIES:
                    raise StoreError(
                        f"{self.base} cannot be reached ({type(error).__name__}): check the address"
                        " and the connection, then run the same command again"
                    ) from None
                status, wait_s, data = 503, 0.2 * tried, b""
            if status == 200:
                return data
            if status in _GONE:
                return None
            if status not in _AGAIN or tried == TRIES:
                break
            time.sleep(wait_s)
        raise StoreError(_refusal(self.base + path, status))

    def _ask(self, path: str, limit: int) -> tuple[int, float, bytes]:
        with self.client.stream("GET", self.base + path) as response:
            wait = response.headers.get("Retry-After", "")
            wait_s = min(float(wait), LONGEST_WAIT_S) if re.fullmatch("[0-9]{1,6}", wait) else 0.2
            if response.status_code != 200:
                return response.status_code, wait_s, b""
            data = bytearray()
            for part in response.iter_bytes():
                data += part
                if len(data) > limit:
                    raise FormatError(f"{path} is longer than {limit} bytes")
            return 200, wait_s, bytes(data)


def _refusal(url: str, status: int) -> str:
    if 300 <= status < 400:
        return f"{url} sends elsewhere ({status}): give the address that it sends to"
    if status in _AGAIN:
        return f"{url} is too busy ({status}): run the same command again later"
    return f"{url} answers {status}: ask who runs the site"
