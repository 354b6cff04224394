"""Answers that all readers get alike are made once, kept until something changes, and packed once.

An answer says of itself, by its `Cache-Control`, that it may be kept (`headers.KEPT`); the requests that
get the same one are those for an address, by a name of the site, in a language. It holds as long as its
stamp (`shown.Shown`). A request for what is kept, conditional or not, meets neither a thread nor a database.

It stands before all else, so that what is kept is what is sent, with the headers of every answer.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, NamedTuple, Protocol

from anyio import to_thread
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from undersigned.errors import StoreError
from undersigned.web.conditional import is_known, make_tag, pack, takes_gzip
from undersigned.web.headers import KEPT

PATHS: Final = ("/letters/", "/api/v1/letters", "/log/")
"""Where these begin, and at `/`, answers may be kept; elsewhere none is looked for."""

MOST_BYTES: Final = 32 * 1024 * 1024
"""Bytes of all that is kept: hundreds of pages; those that nobody has asked for the longest go first."""

LARGEST: Final = 1024 * 1024
"""Bytes of one answer that is kept."""

LONGEST_ADDRESS: Final = 250
"""Bytes of path and query: the pages lead to none as long, and whoever asks chooses what a query says."""

LONGEST_USUAL: Final = 100
"""Characters of an Accept-Encoding header whose reading is remembered."""

RawHeaders = list[tuple[bytes, bytes]]


class _Key(NamedTuple):
    """What the requests for one answer have in common."""

    path: str
    query: bytes
    variant: Hashable


class _Form(NamedTuple):
    """An answer in one of its forms, as the two messages that are sent of it."""

    start: Message
    body: Message


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """An answer with its content, with its content packed, and without."""

    stamp: Hashable
    tag: str
    plain: _Form
    packed: _Form | None
    unchanged: _Form

    def size_under(self, key: _Key) -> int:
        """Return its bytes and those of its key, roughly."""
        packed = 0 if self.packed is None else len(self.packed.body["body"])
        return len(key.path) + len(key.query) + len(self.plain.body["body"]) + packed + 2_000

    def choose(self, asked: RawHeaders) -> _Form:
        """Choose by the headers of a request."""
        known = _find_header(asked, b"if-none-match")
        if known and is_known(known, self.tag):
            return self.unchanged
        if self.packed is not None and _takes_gzip(_find_header(asked, b"accept-encoding")):
            return self.packed
        return self.plain


class Asking(Protocol):
    """What the site says of its answers."""

    async def find_stamp(self, path: str) -> Hashable:
        """Return the stamp under which what is at an address stays as it is. Raises StoreError."""

    def find_variant(self, scope: Scope) -> Hashable:
        """Return what else the answer to a request depends on, beside its address."""


class KeptAnswers:
    """Middleware that keeps answers, as long as the site says that they hold."""

    def __init__(self, app: ASGIApp, asking: Asking, most_bytes: int = MOST_BYTES) -> None:
        self._app = app
        self._asking = asking
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
            stamp = await self._asking.find_stamp(scope["path"])
        except StoreError:
            # Whoever is asked next meets the same failure, and answers with it.
            await self._app(scope, receive, send)
            return
        key = _Key(scope["path"], scope["query_string"], self._asking.find_variant(scope))
        kept = self._find(key, stamp)
        if kept is None:
            kept = await self._make(key, stamp, scope, receive, send)
        if kept is not None:
            form = kept.choose(scope["headers"])
            await send(form.start)
            await send(form.body)

    def _find(self, key: _Key, stamp: Hashable) -> KeptAnswer | None:
        kept = self._kept.get(key)
        if kept is None or kept.stamp != stamp:
            return None
        self._kept.move_to_end(key)
        return kept

    async def _make(
        self, key: _Key, stamp: Hashable, scope: Scope, receive: Receive, send: Send
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


def _keep(stamp: Hashable, start: Message, content: bytes) -> KeptAnswer:
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
        packed = _make_form(200, packed_headers.raw, packed_content)
    # With its policy: browsers replace the headers of what they have by those of a 304.
    unchanged = [
        pair for pair in headers.raw if pair[0] not in (b"content-type", b"content-length")
    ]
    plain = _make_form(200, headers.raw, content)
    return KeptAnswer(stamp, tag, plain, packed, _make_form(304, unchanged, b""))


def _make_form(status: int, headers: RawHeaders, content: bytes) -> _Form:
    return _Form(
        {"type": "http.response.start", "status": status, "headers": headers},
        {"type": "http.response.body", "body": content},
    )


def _find_header(headers: RawHeaders, wanted: bytes) -> str:
    for name, value in headers:
        if name == wanted:
            return value.decode("latin-1")
    return ""


@lru_cache(256)
def _cached_takes_gzip(accept_encoding: str) -> bool:
    return takes_gzip(accept_encoding)


def _takes_gzip(accept_encoding: str) -> bool:
    # Browsers send a few words, and all of one make the same; whoever sends more is read anew.
    if len(accept_encoding) > LONGEST_USUAL:
        return takes_gzip(accept_encoding)
    return _cached_takes_gzip(accept_encoding)
