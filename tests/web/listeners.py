"""Many pages at once, each with a letter's event stream open, in one event loop of one thread."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

_HEAD = re.compile(rb"HTTP/1.1 (\d+) ")
_DATA = re.compile(rb"event: counts\nid: (\d+)\ndata: (.*)\n\n")
_KEPT = 1_000
"""Bytes of a stream that are kept: more than two events."""

PATIENCE_S = 120


class OpenPage(asyncio.Protocol):
    """A connection on which a stream was asked for. `reads` is False of one that never reads."""

    def __init__(self, path: str, *, reads: bool = True) -> None:
        self._request = f"GET {path} HTTP/1.1\r\nHost: letters.example\r\n\r\n".encode()
        self._reads = reads
        self._kept = b""
        self.status: int | None = None
        self.head = b""
        self.counts: dict[str, Any] | None = None
        self.events = 0
        self.beats = 0
        self.has_ended = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask."""
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        if not self._reads:
            transport.pause_reading()
        transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        """Read what came; of events the newest counts."""
        self._kept += data
        if self.status is None and b"\r\n\r\n" in self._kept:
            self.head, _, self._kept = self._kept.partition(b"\r\n\r\n")
            found = _HEAD.match(self.head)
            assert found is not None
            self.status = int(found[1])
        self.beats += data.count(b"event: beat\n")
        while (event := _DATA.search(self._kept)) is not None:
            self.events += 1
            self.counts = json.loads(event[2])
            assert self.counts is not None
            assert self.counts["size"] == int(event[1])
            self._kept = self._kept[event.end() :]
        self._kept = self._kept[-_KEPT:]

    @property
    def has_whole_end(self) -> bool:
        """Say whether the answer was ended as HTTP has it."""
        return self._kept.endswith(b"0\r\n\r\n")

    def connection_lost(self, _exc: Exception | None) -> None:
        """Note the end."""
        if not self.has_ended.done():
            self.has_ended.set_result(None)


@asynccontextmanager
async def open_pages(url: str, path: str, number: int) -> AsyncIterator[list[OpenPage]]:
    """Open a letter's stream `number` times; give the pages when all have heard the first numbers."""
    parts = urlsplit(url)
    loop = asyncio.get_running_loop()
    pages: list[OpenPage] = []
    try:
        for _ in range(number):
            _, page = await loop.create_connection(
                lambda: OpenPage(path), str(parts.hostname), parts.port or 80
            )
            pages.append(page)
        await wait_until(lambda: all(page.counts is not None for page in pages))
        yield pages
    finally:
        for page in pages:
            page.transport.abort()


async def wait_until(holds: Any, patience_s: float = PATIENCE_S) -> None:
    """Wait until something holds."""
    async with asyncio.timeout(patience_s):
        while not holds():
            await asyncio.sleep(0.02)
