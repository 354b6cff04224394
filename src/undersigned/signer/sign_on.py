"""A sign-on with the issuer's provider, as the Python signer does it: OpenID Connect with PKCE (RFC 7636).

The member opens an address in a browser, signs on, and gives back the address at which the browser ended.
The verifier does not leave this process before the proof is sent.
"""

import re
import secrets
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx2
import msgspec
from authlib.oauth2.rfc7636 import create_s256_code_challenge  # type: ignore[import-untyped]

from undersigned.domain.canonical import decode_json
from undersigned.domain.terms import Method
from undersigned.errors import FormatError, LoginRejected, Refused
from undersigned.signer.enrolment import OpenIdProof
from undersigned.signer.exchange import fetch
from undersigned.signer.letter_view import LetterHead

LONGEST_RETURN: Final = 8_192
"""Characters of the address at which a browser may end."""

_LOCAL: Final = frozenset({"localhost", "127.0.0.1", "::1"})


class _Terms(msgspec.Struct):
    issuer: str
    name: str
    authorization_endpoint: str
    client_id: str
    redirect_uri: str
    scope: str
    ticket: str


_TERMS: Final = msgspec.json.Decoder(_Terms)
_TICKET: Final = re.compile(r"[A-Za-z0-9_-]{1,180}")


@dataclass(frozen=True, slots=True)
class SignOn:
    """A sign-on that was begun: the address to open, and what is kept of it. `provider` is for people."""

    address: str = field(repr=False)
    provider: str
    issuer: str
    state: str = field(repr=False)
    nonce: str = field(repr=False)
    verifier: str = field(repr=False)


def begin_sign_on(client: httpx2.Client, head: LetterHead) -> SignOn:
    """Ask the issuer for its provider, and make what a sign-on needs.

    Raises Refused if the letter takes none, FormatError for an address that is none, and what the issuer
    refuses with.
    """
    if Method.OPENID not in head.letter.methods:
        raise Refused("This letter takes no sign-on.")
    terms = decode_json(_TERMS, fetch(client, f"{head.issuer_address}/openid").body, "sign-on")
    if not _is_safe(terms.authorization_endpoint) or not _TICKET.fullmatch(terms.ticket):
        raise FormatError("The issuer names no provider that can be used.")
    nonce, verifier = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
    state = f"{terms.ticket}.{secrets.token_urlsafe(32)}"
    query = {
        "response_type": "code",
        "client_id": terms.client_id,
        "redirect_uri": terms.redirect_uri,
        "scope": terms.scope,
        "state": state,
        "nonce": nonce,
        "code_challenge": create_s256_code_challenge(verifier),
        "code_challenge_method": "S256",
    }
    joint = "&" if urlsplit(terms.authorization_endpoint).query else "?"
    address = f"{terms.authorization_endpoint}{joint}{urlencode(query)}"
    return SignOn(address, terms.name, terms.issuer, state, nonce, verifier)


def finish_sign_on(sign_on: SignOn, returned: str) -> OpenIdProof:
    """Read the address at which the browser ended: the proof that is in it.

    Raises LoginRejected if it is of another sign-on, of another provider (RFC 9207), or of one that was not
    finished; FormatError for what is no address.
    """
    if len(returned) > LONGEST_RETURN:
        raise FormatError("That is not an address at which a sign-on ends.")
    try:
        parts = urlsplit(returned.strip())
        given = parse_qs(parts.fragment or parts.query)
    except ValueError:
        raise FormatError("That is not an address at which a sign-on ends.") from None
    state = _one(given, "openid") or _one(given, "state")
    if state is None:
        raise FormatError("That is not an address at which a sign-on ends.")
    if not secrets.compare_digest(state.encode(), sign_on.state.encode()):
        raise LoginRejected("This sign-on was begun elsewhere.")
    if _one(given, "iss") not in (None, sign_on.issuer):
        raise LoginRejected("Another provider than the letter's has answered.")
    code = _one(given, "code")
    if code is None:
        raise LoginRejected("The sign-on was not finished.")
    return OpenIdProof(code, sign_on.verifier, sign_on.nonce)


def _one(given: dict[str, list[str]], name: str) -> str | None:
    values = given.get(name, [])
    return values[0] if len(values) == 1 else None


def _is_safe(address: str) -> bool:
    """Say whether a browser may be sent there: https, or http on this machine."""
    try:
        parts = urlsplit(address)
        host = parts.hostname
    except ValueError:
        return False
    if not address.isprintable() or " " in address or parts.fragment or not host:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and host in _LOCAL)
