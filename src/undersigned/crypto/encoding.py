"""Bytes as text, one spelling for each value.

Base64url without padding (RFC 4648, section 5) in JSON, padded base64 (section 4) in signed notes,
lower-case hexadecimal in URL paths. A parser takes exactly what its formatter writes: no spaces, no
other alphabet, no missing or extra padding, no stray bits behind the last byte. Two spellings of
one value would be two records with one meaning.
"""

import base64
import binascii

from undersigned.errors import FormatError


def parse_base64url(text: str, *, size: int | None = None) -> bytes:
    """Return the bytes written as base64url without padding, `size` of them if it is given.

    Raises FormatError for anything that `format_base64url` would not write (RFC 4648, section 5).
    """
    try:
        value = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (binascii.Error, ValueError):
        raise FormatError("The text is not base64url.") from None
    if format_base64url(value) != text:
        raise FormatError("The text is not canonical base64url without padding.")
    return _sized(value, size)


def format_base64url(value: bytes) -> str:
    """Write bytes as base64url without padding (RFC 4648, section 5)."""
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode("ascii")


def parse_base64(text: str, *, size: int | None = None) -> bytes:
    """Return the bytes written as padded base64, `size` of them if it is given.

    Raises FormatError for anything that `format_base64` would not write (RFC 4648, section 4).
    """
    try:
        value = base64.b64decode(text)
    except (binascii.Error, ValueError):
        raise FormatError("The text is not base64.") from None
    if format_base64(value) != text:
        raise FormatError("The text is not canonical padded base64.")
    return _sized(value, size)


def format_base64(value: bytes) -> str:
    """Write bytes as base64 with padding (RFC 4648, section 4)."""
    return base64.b64encode(value).decode("ascii")


def parse_hex(text: str, size: int) -> bytes:
    """Return the `size` bytes written as lower-case hexadecimal.

    Raises FormatError for upper case, spaces or another length (RFC 4648, section 8, in lower
    case).
    """
    if len(text) != 2 * size:
        raise FormatError(f"The text is not {size} bytes in hexadecimal.")
    try:
        value = bytes.fromhex(text)
    except ValueError:
        raise FormatError("The text is not hexadecimal.") from None
    if value.hex() != text:
        raise FormatError("The text is not lower-case hexadecimal.")
    return value


def _sized(value: bytes, size: int | None) -> bytes:
    if size is not None and len(value) != size:
        raise FormatError(f"The text holds {len(value)} bytes and not {size}.")
    return value
