"""One request to a site and its answer: patient, bounded, and without anything that joins two requests.

- A request that was lost, or that met a full queue, is sent again as the same bytes, a bounded
  number of times.
- No cookie is ever sent back: the site could set one with the token and read it with the signature.
- A redirect is not followed: it would carry a proof to a host that the member did not choose.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import httpx2

from undersigned.domain.canonical import format_canonical
from undersigned.errors import FormatError, UndersignedError, Unreachable
from undersigned.signer.problems import parse_retry_after, problem_of

LONGEST_ANSWER: Final = 16 * 1024 * 1024
"""Bytes: a letter in 40 languages, each of the length of a document, and its keys."""

_JSON: Final = {"Content-Type": "application/json"}
_CLOSE: Final = {"Connection": "close"}
_AGAIN: Final = frozenset({502, 503, 504})
_LOST: Final = (
    httpx2.NetworkError,
    httpx2.TimeoutException,
    httpx2.RemoteProtocolError,
    httpx2.ProxyError,
)
_FIRST_WAIT_S: Final = 0.5


@dataclass(frozen=True, slots=True)
class Patience:
    """How often a request is sent before one gives up, and how long the waits between may be.

    The wait is what the site asks for, at least 0.5 s, 1 s, 2 s ..., at most `longest_wait_s`.
    """

    tries: int = 6
    longest_wait_s: float = 30.0
    sleep: Callable[[float], None] = time.sleep

    def wait_s(self, attempt: int, retry_after_s: int | None) -> float:
        """Return the seconds to wait after this many failed tries (from 1)."""
        least = _FIRST_WAIT_S * (1 << (attempt - 1))
        return min(self.longest_wait_s, max(least, retry_after_s or 0))


ONCE: Final = Patience(tries=1)
"""For what must not be repeated unasked."""

PATIENT: Final = Patience()


@dataclass(frozen=True, slots=True)
class Answer:
    """A good answer: its status (below 300), its body, and whether an earlier try may have arrived."""

    status: int
    body: bytes
    is_repeat: bool


def fetch(
    client: httpx2.Client, url: str, patience: Patience = PATIENT, *, last: bool = False
) -> Answer:
    """GET a URL; `last` asks that the connection be closed afterwards.

    Raises the site's refusal, Unreachable, or FormatError for a hopeless answer.
    """
    return exchange(client, "GET", url, None, _CLOSE if last else {}, patience)


def submit(
    client: httpx2.Client,
    url: str,
    value: dict[str, Any],
    patience: Patience = PATIENT,
    *,
    last: bool = False,
) -> Answer:
    """POST plain JSON values, canonically; `last` asks that the connection be closed afterwards.

    Raises what `fetch` does. After `Unreachable` it is not known whether the site took the request.
    """
    headers = _JSON | (_CLOSE if last else {})
    return exchange(client, "POST", url, format_canonical(value), headers, patience)


def exchange(
    client: httpx2.Client,
    method: str,
    url: str,
    body: bytes | None,
    headers: dict[str, str],
    patience: Patience,
) -> Answer:
    """Send a request, again where it may have been lost. Raises what `fetch` does."""
    tries = 0
    while True:
        reply = _send(client, method, url, body, headers)
        tries += 1
        if reply is not None and reply.status < 300:
            return Answer(reply.status, reply.body, tries > 1)
        if tries >= patience.tries or (reply is not None and reply.status not in _AGAIN):
            raise _error_of(reply)
        asked = None if reply is None else parse_retry_after(reply.retry_after)
        patience.sleep(patience.wait_s(tries, asked))


class _Reply(NamedTuple):
    status: int
    body: bytes
    retry_after: str | None


def _error_of(reply: _Reply | None) -> UndersignedError:
    return Unreachable() if reply is None else problem_of(*reply)


def _send(
    client: httpx2.Client, method: str, url: str, body: bytes | None, headers: dict[str, str]
) -> _Reply | None:
    """Return the answer, or None if it was lost.

    The error of the transport is dropped, not chained: it holds the request, and with it secrets.
    """
    try:
        request = client.build_request(method, url, content=body, headers=headers)
        request.headers.pop("Cookie", None)
        response = client.send(request, stream=True, follow_redirects=False)
        try:
            return _read(response)
        finally:
            response.close()
    except _LOST:
        return None
    except (httpx2.HTTPError, httpx2.InvalidURL):
        pass
    raise FormatError("The address of the site, or its answer, is not one of HTTP.")


def _read(response: httpx2.Response) -> _Reply:
    body = bytearray()
    for part in response.iter_bytes():
        body += part
        if len(body) > LONGEST_ANSWER:
            raise FormatError("The site's answer is too long.")
    return _Reply(response.status_code, bytes(body), response.headers.get("Retry-After"))
