"""How long the body of a request may be: one table, for the app and for the proxy before it.

A route whose bodies can be longer than others' has its row here; it may read less of them. Limits are
whole KiB, in which proxies count.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from undersigned.domain.opening import LONGEST_OPENING
from undersigned.domain.roll_file import LONGEST_ROLL
from undersigned.domain.shares import LONGEST_SHARES

KIB: Final = 1024

MOST_BODY: Final = 256 * KIB
"""Bytes of a request: four times the largest blob in base64url, and its record."""


@dataclass(frozen=True, slots=True)
class LongBody:
    """An address whose bodies may be longer, and how long (bytes). `*` in it is any one part."""

    path: str
    most: int

    @property
    def pattern(self) -> str:
        """Return the address as a regular expression, such as Python and nginx both read."""
        return f"^{self.path.replace('*', '[^/]+')}$"


_ROLL: Final = LongBody("/desk/rolls/*/imports", LONGEST_ROLL + MOST_BODY)
"""A form with the file of a roll; it is read only of who is signed in."""

OF_ISSUER: Final = (_ROLL,)

OF_SITE: Final = (
    _ROLL,
    # A text of 100,000 characters in any script, and all else that stands on a page of a draft.
    LongBody("/desk/drafts/*/*", 2048 * KIB),
    # 20 answers of 2,000 characters in any script, each of which takes 12 bytes in a form.
    LongBody("/desk/letters/*/answers", 512 * KIB),
    LongBody("/answer/*", 512 * KIB),
    # Trustees' files; their routes read no more than a letter of its size can need.
    LongBody("/api/v1/letters/*/waves/*/shares", LONGEST_SHARES),
    LongBody("/api/v1/letters/*/waves/*/opening", LONGEST_OPENING + MOST_BODY),
)

LONGEST: Final = max(each.most for each in OF_SITE)
"""Bytes of the longest body of all."""


def limit_finder(long_bodies: tuple[LongBody, ...]) -> Callable[[str], int]:
    """Return what says of a path how many bytes a body that is sent there may have."""
    rows = [(re.compile(each.pattern), each.most) for each in long_bodies]

    def find(path: str) -> int:
        return next((most for pattern, most in rows if pattern.fullmatch(path)), MOST_BODY)

    return find
