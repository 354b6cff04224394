"""Answers that all readers get alike are made once, kept until something changes, and packed once.

An answer says of itself, by its `Cache-Control`, that it may be kept (`headers.KEPT`); the requests that
get the same one are those for an address, by a name of the site, in a language. It holds as long as its
stamp (`app.changes`). A request for what is kept, conditional or not, meets neither a thread nor a database.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Final, NamedTuple

from anyio import to_thread
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from undersigned.app.changes import Stamp
from undersigned.errors import StoreError
from undersigned.web.conditional import is_known, make_tag, pack, takes_gzip
from undersigned.web.headers import KEPT
from undersigned.web.watching import Watcher

PATHS: Final = ("/letters/", "/api/v1/letters")
"""Where these begin, and at `/`, answers may be kept; elsewhere none is looked for."""

MOST_BYTES: Final = 32 * 1024 * 1024
"""Bytes of all that is kept: hundreds of pages; those that nobody has asked for the longest go first."""

LARGEST: Final = 1024 * 1024
"""Bytes of one answer that is kept."""

LONGEST_ADDRESS: Final = 250
"""Bytes of path and query: the pages lead to none as long, and whoever asks chooses what a query says."""

RawHeaders = list[tuple[bytes, bytes]]


class _Key(NamedTuple):
    """What the requests for one answer have in common."""

    path: str
    query: bytes
    variant: Hashable


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """An answer as it is sent: with its content, with its content packed, and without."""

    stamp: Stamp
    tag: str
    plain: tuple[RawHeaders, bytes]
    packed: tuple[RawHeaders, bytes] | None
    unchanged: RawHeaders

    def size_under(self, key: _Key) -> int:
        """Return its bytes and those of its key, roughly."""
        packed = b"" if self.packed is None else self.packed[1]
        return len(key.path) + len(key.query) + len(self.plain[1]) + len(packed) + 2_000


class KeptAnswers:
    """Middleware that keeps answers. `find_variant` says of a request what else they depend on."""

    def __init__(
        self,
        app: ASGIApp,
        watcher: Watcher,
        find_variant: Callable[[Scope], Hashable],
        most_bytes: int = MOST_BYTES,
    ) -> None:
        self._app = app
        self._watcher = watcher
        self._find_variant = find_variant
        self._most_bytes = most_bytes
        self._bytes = 0
        self._kept: OrderedDict[_Key, KeptAnswer] = OrderedDict()
        self._making: dict[_Key, asyncio.Future[KeptAnswer | None]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or pass the request on."""
        if not _may_be_kept(scope):
            await self._app(scope, receive, send)
            return
        try:
            stamp = await self._watcher.find_stamp()
        except StoreError:
            # Whoever is asked next meets the same failure, and answers with it.
            await self._app(scope, receive, send)
            return
        key = _Key(scope["path"], scope["query_string"], self._find_variant(scope))
        kept = self._find(key, stamp)
        if kept is None:
            kept = await self._make(key, stamp, scope, receive, send)
        if kept is not None:
            await _answer(kept, Headers(scope=scope), send)

    def _find(self, key: _Key, stamp: Stamp) -> KeptAnswer | None:
        kept = self._kept.get(key)
        if kept is None or kept.stamp != stamp:
            return None
        self._kept.move_to_end(key)
        return kept

    async def _make(
        self, key: _Key, stamp: Stamp, scope: Scope, receive: Receive, send: Send
    ) -> KeptAnswer | None:
        """Let the answer be made, by one for all who wait; None if it is one that is not kept, and sent."""
        while (making := self._making.get(key)) is not None:
            kept = await asyncio.shield(making)
            if kept is None:
                await self._app(scope, receive, send)
                return None
            if kept.stamp == stamp:
                return kept
        future = asyncio.get_running_loop().create_future()
        self._making[key] = future

        def tell(kept: KeptAnswer | None) -> None:
            if self._making.get(key) is future:
                del self._making[key]
                future.set_result(kept)

        try:
            # An answer that goes its own way may have no end: nobody else waits for it.
            taker = _Taker(send, lambda: tell(None))
            await self._app(scope, receive, taker.take)
            if taker.head is None:
                return None
            kept = await to_thread.run_sync(_keep, stamp, taker.head, bytes(taker.content))
            self._put(key, kept)
            tell(kept)
            return kept
        finally:
            tell(None)

    def _put(self, key: _Key, kept: KeptAnswer) -> None:
        self._drop(key)
        size = kept.size_under(key)
        if size > LARGEST:
            return
        self._kept[key] = kept
        self._bytes += size
        while self._bytes > self._most_bytes:
            self._drop(next(iter(self._kept)))

    def _drop(self, key: _Key) -> None:
        kept = self._kept.pop(key, None)
        self._bytes -= 0 if kept is None else kept.size_under(key)


class _Taker:
    """Takes an answer in if it may be kept, and otherwise lets it through as it comes."""

    def __init__(self, send: Send, let_through: Callable[[], None]) -> None:
        self._send = send
        self._let_through = let_through
        self.head: Message | None = None
        self.content = bytearray()

    async def take(self, message: Message) -> None:
        """Take a part of it."""
        if message["type"] == "http.response.start" and _is_kept(message):
            self.head = message
        elif self.head is not None and message["type"] == "http.response.body":
            self.content += message.get("body", b"")
        else:
            self._let_through()
            await self._send(message)


def _may_be_kept(scope: Scope) -> bool:
    if scope["type"] != "http" or scope["method"] != "GET":
        return False
    path: str = scope["path"]
    if len(path) + len(scope["query_string"]) > LONGEST_ADDRESS:
        return False
    return path == "/" or path.startswith(PATHS)


def _is_kept(start: Message) -> bool:
    headers = Headers(raw=start["headers"])
    return start["status"] == 200 and headers.get("cache-control") in KEPT


def _keep(stamp: Stamp, start: Message, content: bytes) -> KeptAnswer:
    """Make an answer ready to be sent in each of its forms."""
    headers = MutableHeaders(raw=list(start["headers"]))
    headers["etag"] = tag = make_tag(content)
    headers.add_vary_header("Accept-Encoding")
    packed_content = pack(content)
    packed = None
    if packed_content is not None:
        packed_headers = MutableHeaders(raw=list(headers.raw))
        packed_headers["content-encoding"] = "gzip"
        packed_headers["content-length"] = str(len(packed_content))
        packed = (packed_headers.raw, packed_content)
    # With its policy: browsers replace the headers of what they have by those of a 304.
    unchanged = [
        pair for pair in headers.raw if pair[0] not in (b"content-type", b"content-length")
    ]
    return KeptAnswer(stamp, tag, (headers.raw, content), packed, unchanged)


async def _answer(kept: KeptAnswer, asked: Headers, send: Send) -> None:
    status, (headers, content) = 200, kept.plain
    if is_known(asked.get("if-none-match", ""), kept.tag):
        status, headers, content = 304, kept.unchanged, b""
    elif kept.packed is not None and takes_gzip(asked.get("accept-encoding", "")):
        headers, content = kept.packed
    # A copy: who passes it on adds to it.
    await send({"type": "http.response.start", "status": status, "headers": list(headers)})
    await send({"type": "http.response.body", "body": content})
