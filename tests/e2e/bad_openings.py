"""Requests in the name of a trustee, while no wave waits: signed wrongly, dated wrongly, of another form."""

import hashlib
import time
from collections.abc import Callable

from tests.e2e.bad_requests import Case
from tests.e2e.world import API, World

from undersigned.domain.requests import request_bytes
from undersigned.encoding import format_base64url

LETTER = f"{API}/letters/small-letter@1"
HEADER = "Undersigned-Trustee"


def _ask(
    method: str,
    what: str,
    *,
    number: int = 1,
    drift: int = 0,
    signed_for: str | None = None,
    body: bytes | None = None,
) -> Callable[[World], str]:
    """Sign a request as the letter's trustee, which is the operator here."""

    def run(world: World) -> str:
        now = int(time.time()) + drift
        digest = hashlib.sha256(body or b"").digest()
        path = f"{LETTER}/{what if signed_for is None else signed_for}"
        sig = world.site.keys.trustee.sign(request_bytes(method, path, now, digest))
        value = f"{number} {now} {format_base64url(sig)}"
        kind = "application/octet-stream"
        return world.send(method, f"{LETTER}/{what}", body, headers={HEADER: value}, kind=kind)

    return run


def _header(value: str) -> Callable[[World], str]:
    return lambda world: world.send("GET", f"{LETTER}/blobs/3", headers={HEADER: value})


OPENINGS = (
    Case("a sealed name, unsigned", lambda world: world.send("GET", f"{LETTER}/blobs/3")),
    Case("a header that is nothing", _header("nothing")),
    Case("a header of zeros", _header(f"1 0 {'A' * 86}")),
    Case("a trustee whom the letter does not have", _ask("GET", "blobs/3", number=2)),
    Case("trustee 17", _ask("GET", "blobs/3", number=17)),
    Case("a request of ten minutes ago", _ask("GET", "blobs/3", drift=-600)),
    Case("a request of tomorrow", _ask("GET", "blobs/3", drift=86_400)),
    Case("a signature for another path", _ask("GET", "blobs/3", signed_for="blobs/4")),
    Case(
        "a letter without its edition",
        lambda world: world.send(
            "GET", f"{API}/letters/small-letter/blobs/3", headers={HEADER: "1"}
        ),
    ),
    Case("a sealed name while no wave waits", _ask("GET", "blobs/3")),
    Case("a sealed name at no number", _ask("GET", "blobs/x")),
    Case("share files while no wave waits", _ask("GET", "waves/1/shares")),
    Case("share files of wave 0", _ask("GET", "waves/0/shares")),
    Case(
        "the share file of a trustee whom the letter does not have", _ask("GET", "waves/1/shares/2")
    ),
    Case("a share file that is too short", _ask("POST", "waves/1/shares", body=b"short")),
    Case("a share file of a megabyte", _ask("POST", "waves/1/shares", body=bytes(1 << 20))),
    Case("an opening that is nothing", _ask("POST", "waves/1/opening", body=b"nothing")),
    Case("an opening of a megabyte", _ask("POST", "waves/1/opening", body=bytes(1 << 20))),
)
