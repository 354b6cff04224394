"""Asking a timestamp authority over HTTP (RFC 3161 §3.4), for a bounded time and a bounded answer.

The request holds a hash and a nonce, the answer is signed: plain http is as good as https, and many
authorities speak nothing else. An address may hold a password, so errors name the host alone.
"""

import asyncio
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

import httpx2

from undersigned.crypto.timestamp import (
    LONGEST_RESPONSE,
    Request,
    make_request,
    read_response,
)
from undersigned.crypto.timestamp_token import Stamp
from undersigned.domain.canonical import hash_bytes
from undersigned.errors import FormatError, Unreachable, VerificationError

LONGEST_WAIT_S: Final = 15.0
"""From the first byte sent to the last received, however slowly they come."""
LONGEST_ADDRESS: Final = 2_000
MOST_AUTHORITIES: Final = 8
"""Each adds records for every letter and every day, for good."""

_ASKS: Final = {
    "Content-Type": "application/timestamp-query",
    "Accept": "application/timestamp-reply",
    # A compressed answer could be a small one that is endless.
    "Accept-Encoding": "identity",
}


@dataclass(frozen=True, slots=True)
class Authority:
    """A timestamp authority; `host` is what may be said of its address, `id` its hash (32 bytes)."""

    host: str
    id: bytes
    url: str = field(repr=False)
    longest_wait_s: float = LONGEST_WAIT_S

    def stamp(self, content: bytes) -> tuple[bytes, Stamp]:
        """Return a token (DER) over bytes, and what it says; it is verified but for its chain.

        Raises Unreachable; FormatError or VerificationError, naming the host, for an answer that is none.
        """
        request = make_request(content)
        answer = self._ask(request)
        try:
            return read_response(answer, request)
        except FormatError as error:
            raise FormatError(f"{self.host}: {error.detail}") from None
        except VerificationError as error:
            raise VerificationError(f"{self.host}: {error.detail}") from None

    def _ask(self, request: Request) -> bytes:
        """Send the request. The transport's errors are dropped: they hold the address."""
        try:
            return asyncio.run(self._exchange(request.content))
        except TimeoutError:
            problem = f"does not answer within {self.longest_wait_s:g} s"
        except (httpx2.HTTPError, httpx2.InvalidURL, OSError) as error:
            problem = f"cannot be asked ({type(error).__name__})"
        raise Unreachable(f"The timestamp authority {self.host} {problem}.")

    async def _exchange(self, content: bytes) -> bytes:
        async with (
            asyncio.timeout(self.longest_wait_s),
            httpx2.AsyncClient(timeout=self.longest_wait_s, follow_redirects=False) as client,
            client.stream("POST", self.url, content=content, headers=_ASKS) as response,
        ):
            if response.status_code != 200:
                raise Unreachable(
                    f"The timestamp authority {self.host} answers {response.status_code}."
                )
            data = bytearray()
            async for part in response.aiter_raw():
                data += part
                if len(data) > LONGEST_RESPONSE:
                    raise FormatError(
                        f"{self.host}: the answer is longer than that of an authority"
                    )
            return bytes(data)


def parse_authority(url: str) -> Authority:
    """Read the address of an authority. Raises FormatError, which does not repeat it."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if len(url) > LONGEST_ADDRESS or not host or parts.scheme not in ("http", "https"):
        raise FormatError("the address of a timestamp authority begins with http:// or https://")
    shown = f"[{host}]" if ":" in host else host
    return Authority(shown if port is None else f"{shown}:{port}", hash_bytes(url.encode()), url)
