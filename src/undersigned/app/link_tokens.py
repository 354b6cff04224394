"""Tokens of one-time links: 32 random bytes that whoever has them may use; only their hash is kept.

Opening a link changes nothing: mail scanners open every one.
"""

import secrets
from dataclasses import dataclass

from undersigned.domain.canonical import hash_bytes
from undersigned.encoding import format_base64url, parse_base64url
from undersigned.errors import FormatError, UnknownLink

TOKEN_SIZE = 32


@dataclass(frozen=True, slots=True)
class NewLink:
    """A link that was just made: `token` goes into its address, and is not kept anywhere."""

    token: str
    token_hash: bytes


def make_link() -> NewLink:
    """Make a new link."""
    token = secrets.token_bytes(TOKEN_SIZE)
    return NewLink(format_base64url(token), hash_bytes(token))


def hash_of(token: str) -> bytes:
    """Return what is kept of a token. Raises UnknownLink if it cannot be one."""
    try:
        return hash_bytes(parse_base64url(token, size=TOKEN_SIZE))
    except FormatError:
        raise UnknownLink from None
