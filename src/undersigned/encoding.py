"""Bytes as text: base64url without padding (RFC 4648 §5), base64 (§4) and lower-case hex, all strict.

One text for one value: padding, white space, other alphabets and non-zero unused bits are refused, so
that whoever hashes or compares the text compares the bytes.
"""

import base64
import binascii
from typing import Final

from undersigned.errors import FormatError

_FROM_BASE64: Final = bytes.maketrans(b"+/", b"-_")
_TO_BASE64: Final = bytes.maketrans(b"-_+/=", b"+/\0\0\0")
"""What is no base64url becomes what is no base64."""

_PADDING: Final = (b"", b"", b"==", b"=")
_LAST: Final = (None, None, frozenset("AQgw"), frozenset("AEIMQUYcgkosw048"))
"""By the length that is left over four: the last characters whose unused bits are zero."""


def format_base64url(data: bytes) -> str:
    """Write bytes as base64url without padding."""
    encoded = binascii.b2a_base64(data, newline=False)
    return encoded.translate(_FROM_BASE64, b"=").decode("ascii")


def parse_base64url(text: str, *, size: int | None = None) -> bytes:
    """Read canonical base64url without padding; `size` is the number of bytes there must be.

    Raises FormatError.
    """
    if size is not None and len(text) != (size * 4 + 2) // 3:
        raise FormatError(f"expected {size} bytes of base64url")
    over = len(text) % 4
    try:
        encoded = text.encode("ascii").translate(_TO_BASE64) + _PADDING[over]
        data = binascii.a2b_base64(encoded, strict_mode=True)
    except (binascii.Error, ValueError):
        raise FormatError("not base64url") from None
    last = _LAST[over]
    if last is not None and text[-1] not in last:
        raise FormatError("not canonical base64url")
    return data


def format_base64(data: bytes) -> str:
    """Write bytes as base64 with padding."""
    return base64.b64encode(data).decode("ascii")


def parse_base64(text: str, *, size: int | None = None) -> bytes:
    """Read canonical base64 with padding; `size` is the number of bytes there must be.

    Raises FormatError.
    """
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise FormatError("not base64") from None
    if format_base64(data) != text:
        raise FormatError("not canonical base64")
    if size is not None and len(data) != size:
        raise FormatError(f"expected {size} bytes of base64")
    return data


def parse_hex(text: str, size: int) -> bytes:
    """Read `size` bytes of lower-case hex. Raises FormatError."""
    try:
        data = bytes.fromhex(text)
    except ValueError:
        raise FormatError("not hex") from None
    if len(data) != size or data.hex() != text:
        raise FormatError(f"expected {size} bytes of lower-case hex")
    return data
