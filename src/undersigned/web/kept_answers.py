"""Answers that all readers get alike, kept until something changes, and packed once.

An answer says of itself, by its `Cache-Control`, that it may be kept (`headers.KEPT`); the requests that
get the same one are those for an address, by a name of the site, in a language. It holds as long as its
stamp (`shown.Shown`). Who lets them be made is `web.keeping`; what is kept and known to hold is sent before
a request has begun (`unread.AnswerUnread`): it meets no task, no thread and no database.
"""

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, NamedTuple, Protocol

from starlette.datastructures import MutableHeaders
from starlette.types import Message, Scope

from undersigned.web.conditional import is_known, make_tag, pack, takes_gzip
from undersigned.web.unread import Unread, write_unread

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


class Key(NamedTuple):
    """What the requests for one answer have in common."""

    path: str
    query: bytes
    variant: Hashable


@dataclass(frozen=True, slots=True)
class Form:
    """An answer in one of its forms: as the two messages that are sent of it, and as the line has it."""

    start: Message
    body: Message
    unread: Unread

    @classmethod
    def make(cls, status: int, headers: RawHeaders, content: bytes) -> "Form":
        """Return the form with these headers and this content."""
        return cls(
            {"type": "http.response.start", "status": status, "headers": headers},
            {"type": "http.response.body", "body": content},
            write_unread(status, headers, content),
        )


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """An answer with its content, with its content packed, and without."""

    stamp: Hashable
    tag: str
    plain: Form
    packed: Form | None
    unchanged: Form

    def size_under(self, key: Key) -> int:
        """Return its bytes and those of its key, roughly."""
        packed = 0 if self.packed is None else len(self.packed.body["body"])
        return len(key.path) + len(key.query) + len(self.plain.body["body"]) + packed + 5_000

    def choose(self, asked: RawHeaders) -> Form:
        """Choose by the headers of a request."""
        known = _find_header(asked, b"if-none-match")
        if known and is_known(known, self.tag):
            return self.unchanged
        if self.packed is not None and _takes_gzip(_find_header(asked, b"accept-encoding")):
            return self.packed
        return self.plain


class Asking(Protocol):
    """What the site says of its answers."""

    def is_unsure(self, path: str) -> bool:
        """Say whether one has to `look` before the stamp of what is at an address is known."""

    async def look(self) -> None:
        """Find out whether something has changed. Raises StoreError."""

    def stamp_of(self, path: str) -> Hashable:
        """Return the stamp under which what is at an address stays as it is, as far as it is known."""

    def find_variant(self, scope: Scope) -> Hashable:
        """Return what else the answer to a request depends on, beside its address."""


class KeptAnswers:
    """Answers by what the requests for them have in common, at most so many bytes. One loop uses it."""

    def __init__(self, asking: Asking, most_bytes: int = MOST_BYTES) -> None:
        self.asking = asking
        self._most_bytes = most_bytes
        self._bytes = 0
        self._kept: OrderedDict[Key, KeptAnswer] = OrderedDict()

    def find_unread(self, scope: Scope) -> Unread | None:
        """Return what answers a request, if it is kept, and holds without looking whether it does."""
        if not may_be_kept(scope) or self.asking.is_unsure(scope["path"]):
            return None
        kept = self.find(self.key_of(scope), self.asking.stamp_of(scope["path"]))
        return None if kept is None else kept.choose(scope["headers"]).unread

    def key_of(self, scope: Scope) -> Key:
        """Return what a request has in common with those that get the same answer."""
        return Key(scope["path"], scope["query_string"], self.asking.find_variant(scope))

    def find(self, key: Key, stamp: Hashable) -> KeptAnswer | None:
        """Return the answer of a key, if it is kept under this stamp."""
        kept = self._kept.get(key)
        if kept is None or kept.stamp != stamp:
            return None
        self._kept.move_to_end(key)
        return kept

    def put(self, key: Key, kept: KeptAnswer) -> None:
        """Keep an answer; those go that were not asked for the longest."""
        self._drop(key)
        size = kept.size_under(key)
        if size > LARGEST:
            return
        self._kept[key] = kept
        self._bytes += size
        while self._bytes > self._most_bytes:
            self._drop(next(iter(self._kept)))

    def _drop(self, key: Key) -> None:
        kept = self._kept.pop(key, None)
        self._bytes -= 0 if kept is None else kept.size_under(key)


def may_be_kept(scope: Scope) -> bool:
    """Say whether the answer to a request is one that is looked for here."""
    if scope["type"] != "http" or scope["method"] != "GET":
        return False
    path: str = scope["path"]
    if len(path) + len(scope["query_string"]) > LONGEST_ADDRESS:
        return False
    return path == "/" or path.startswith(PATHS)


def make_ready(stamp: Hashable, start: Message, content: bytes) -> KeptAnswer:
    """Make an answer ready to be sent in each of its forms."""
    headers = MutableHeaders(raw=list(start["headers"]))
    headers["etag"] = tag = make_tag(content)
    headers.add_vary_header("Accept-Encoding")
    headers["content-length"] = str(len(content))
    packed_content = pack(content)
    packed = None
    if packed_content is not None:
        packed_headers = MutableHeaders(raw=list(headers.raw))
        packed_headers["content-encoding"] = "gzip"
        packed_headers["content-length"] = str(len(packed_content))
        packed = Form.make(200, packed_headers.raw, packed_content)
    # With its policy: browsers replace the headers of what they have by those of a 304.
    unchanged = [
        pair for pair in headers.raw if pair[0] not in (b"content-type", b"content-length")
    ]
    plain = Form.make(200, headers.raw, content)
    return KeptAnswer(stamp, tag, plain, packed, Form.make(304, unchanged, b""))


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
