"""Conditional requests and packed answers, as RFC 9110 has them (sections 12.5.3 and 13.1.2)."""

import gzip
import hashlib
import re
from typing import Final

SMALLEST_PACKED: Final = 500
"""Bytes below which packing saves nothing: an answer is one packet anyhow."""

LONGEST_HEADER: Final = 2_000
"""Characters of a header that are read; what is longer is as if it were not there."""

_TAG: Final = re.compile(r'\s*(?:W/)?("[\x21\x23-\x7e\x80-\xff]*")\s*')
_CODING: Final = re.compile(
    r"\s*([!#$%&'*+.^_`|~0-9A-Za-z-]+)\s*(?:;\s*[qQ]\s*=\s*([01](?:\.[0-9]{0,3})?)\s*)?"
)


def make_tag(content: bytes) -> str:
    """Return the entity tag of what may be sent packed or not: a weak one."""
    return f'W/"{hashlib.sha256(content).hexdigest()[:16]}"'


def is_known(if_none_match: str, tag: str) -> bool:
    """Say whether the header names a tag, by the weak comparison: then its content need not be sent."""
    if len(if_none_match) > LONGEST_HEADER:
        return False
    if if_none_match.strip() == "*":
        return True
    known = [match[1] for part in if_none_match.split(",") if (match := _TAG.fullmatch(part))]
    return tag.removeprefix("W/") in known


def takes_gzip(accept_encoding: str) -> bool:
    """Say whether who sent this header takes an answer that is packed by gzip."""
    if len(accept_encoding) > LONGEST_HEADER:
        return False
    weights = {
        match[1].lower(): float(match[2] or 1)
        for part in accept_encoding.split(",")
        if (match := _CODING.fullmatch(part))
    }
    return weights.get("gzip", weights.get("*", 0.0)) > 0


def pack(content: bytes) -> bytes | None:
    """Return the content packed by gzip, the same bytes each time; None where that saves nothing."""
    if len(content) < SMALLEST_PACKED:
        return None
    packed = gzip.compress(content, mtime=0)
    return packed if len(packed) < len(content) else None
