"""The headers of every answer, in one table: what a page may load, and who may read what.

A page runs its own scripts at most, and none that was made from a string (Trusted Types); it sends
what is typed nowhere but here. Levels as of CSP 3, Trusted Types, Fetch and HTML in July 2026.
"""

import re
from typing import Final

_NOTHING_ELSE: Final = "base-uri 'none'; frame-ancestors 'none'"
_NO_STRINGS: Final = "require-trusted-types-for 'script'; trusted-types 'none'"

CSP: Final = f"default-src 'none'; form-action 'none'; {_NOTHING_ELSE}; {_NO_STRINGS}"
"""What is no page: nothing in it is loaded or run."""

SECURITY_HEADERS: Final = {
    "Content-Security-Policy": CSP,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), display-capture=(), geolocation=(), microphone=(), payment=()",
    "Cache-Control": "no-cache",
}
"""What an answer has unless it says otherwise itself."""

_SECURITY_HEADERS: Final = [
    (name.lower().encode(), value.encode()) for name, value in SECURITY_HEADERS.items()
]


def complete(headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """Return the headers of an answer with those of every answer that are not among them."""
    present = {name for name, _ in headers}
    return [*headers, *(pair for pair in _SECURITY_HEADERS if pair[0] not in present)]


DESK_REFERRER: Final = "same-origin"
"""Of pages whose forms are checked for their origin: under `no-referrer` browsers send `Origin: null`.

Fetch, section 3.2 (append a request `Origin` header).
"""

SHORT: Final = "public, max-age=1"
"""One second: a crowd that reloads costs one reading, and nobody sees an old count for longer."""

POLLED: Final = "public, max-age=2"
"""For what every open page asks for again and again: a cache in front answers nearly all of them."""

PAGE: Final = "public, max-age=1, stale-while-revalidate=10"
"""A second: who comes back gets what there is now. A cache in front shows the page of before meanwhile.

A new count makes nobody fetch an open page again: the page itself is told of it.
"""

LASTING: Final = "public, max-age=300"
"""For what is over and proved: the numbers stay as they are, only a cache may forget them."""

FEED: Final = "public, max-age=60"
"""For readers' programs, which ask every quarter of an hour."""

TILE: Final = "public, max-age=31536000, immutable"
"""For tiles of the log: one of a given width never changes, a partial one neither."""

KEPT: Final = frozenset({SHORT, POLLED, PAGE, LASTING, FEED, TILE})
"""What is said of answers that all readers get alike, and that are kept here until something changes."""

EMBED_DATA: Final = "public, max-age=5"
EMBED_PAGE: Final = "public, max-age=10"
FILE: Final = "public, max-age=10"
CARD: Final = "public, max-age=600"
OEMBED: Final = "public, max-age=3600"
"""What goes into the pages of others. None of it is kept here: files are kept as such (`kept_files`)."""

OPEN_TO_ALL: Final = (
    "/log/",
    "/documents/",
    "/api/",
    "/embed/",
    "/oembed",
    "/static/embed",
    "/static/dist/embed",
)
"""What any page in a browser may read: it is public, and answers the same whoever asks."""

_OPEN_FILE: Final = re.compile(
    r"/letters/[^/]+/(?:qr\.svg|card\.png|feed\.atom|(?:names|history)\.(?:csv|json))"
)
"""Files of a letter that any page may read or show, too."""

EMBED_CSP: Final = (
    "sandbox allow-scripts allow-popups allow-popups-to-escape-sandbox; default-src 'none'; "
    "script-src 'self'; connect-src 'self'; style-src 'self'; form-action 'none'; base-uri 'none'; "
    f"frame-ancestors *; {_NO_STRINGS}"
)
"""The one page that others may frame, and nothing else: it cannot leave its frame, has no origin of its
own and so nothing of this site's, and opens the letter in a window that knows nothing of it."""


def is_open(path: str, prefixes: tuple[str, ...]) -> bool:
    """Say whether any page in a browser may read what is at a path."""
    return path.startswith(prefixes) or _OPEN_FILE.fullmatch(path) is not None


def page_csp(*, scripts: bool, forms: bool, connect: str | None = None) -> str:
    """Return the policy of a page: with our own scripts or none, with forms that are sent here or none.

    `connect` is the one other origin that its scripts may send to.
    """
    targets = "'self'" if connect is None else f"'self' {connect}"
    own_scripts = f"script-src 'self'; connect-src {targets}; " if scripts else ""
    action = "'self'" if forms else "'none'"
    return (
        f"default-src 'none'; {own_scripts}style-src 'self'; img-src 'self'; font-src 'self'; "
        f"form-action {action}; {_NOTHING_ELSE}; {_NO_STRINGS}"
    )
