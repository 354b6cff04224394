"""The fields that the lines of checkpoints, proofs and promises are made of.

One spelling for each value: decimals in ASCII without leading zeros, hashes in padded base64.
"""

import re
from typing import Final

from undersigned.encoding import parse_base64
from undersigned.errors import FormatError
from undersigned.tlog.merkle import HASH_SIZE

MAX_DECIMAL: Final = 2**63 - 1
"""Largest number in a line: sizes, indexes and times fit a signed 64-bit column (tlog-cosignature
sets the same limit for times)."""

_DECIMAL = re.compile(r"0|[1-9][0-9]{0,18}")


def parse_decimal(text: str) -> int:
    """Return the integer, 0 to 2**63 - 1, written in ASCII digits without leading zeros.

    Raises FormatError.
    """
    if _DECIMAL.fullmatch(text) is None or (value := int(text)) > MAX_DECIMAL:
        raise FormatError("A number is not a decimal below 2^63 without leading zeros.")
    return value


def parse_hash(text: str) -> bytes:
    """Return the 32-byte hash written in padded base64. Raises FormatError."""
    return parse_base64(text, size=HASH_SIZE)


def parse_lines(text: str, count: int) -> list[str]:
    """Cut a text into exactly `count` lines, each ended by one LF. Raises FormatError."""
    *lines, rest = text.split("\n", count)
    if rest or len(lines) != count:
        raise FormatError(f"The text does not have {count} lines.")
    return lines
