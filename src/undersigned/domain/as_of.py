"""Which moment of a letter is asked for: a size of the tree, or a time; `docs/formats.md` §7, "As of"."""

import datetime as dt
import re
from dataclasses import dataclass
from typing import Final, TypeAlias

from undersigned.domain.canonical import GREATEST
from undersigned.errors import FormatError

LONGEST_AS_OF: Final = 32
"""Characters of a size or time; the longest time has 25."""

_SIZE: Final = re.compile(r"0|[1-9][0-9]{0,15}", re.ASCII)
_TIME: Final = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt]([0-9]{2}:[0-9]{2})(:[0-9]{2})?([Zz]|[+-][0-9]{2}:[0-9]{2})",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class AtSize:
    """What the tree of so many entries holds."""

    size: int


@dataclass(frozen=True, slots=True)
class AtTime:
    """What there was at a time, UTC seconds, with all of that second."""

    at: int


AsOf: TypeAlias = AtSize | AtTime


def parse_as_of(text: str) -> AsOf:
    """Read a size (decimal) or a time (RFC 3339; seconds may be left out). Raises FormatError."""
    if _SIZE.fullmatch(text) and int(text) <= GREATEST:
        return AtSize(int(text))
    return AtTime(parse_time(text))


def parse_time(text: str) -> int:
    """Read a time of RFC 3339 as UTC seconds. Raises FormatError."""
    found = _TIME.fullmatch(text) if len(text) <= LONGEST_AS_OF else None
    if found is not None:
        day, minute, second, zone = found.groups()
        offset = "+00:00" if zone in "Zz" else zone
        try:
            moment = dt.datetime.fromisoformat(f"{day}T{minute}{second or ':00'}{offset}")
            at = int((moment - _EPOCH).total_seconds())
        except (ValueError, OverflowError):
            at = -1
        if 0 <= at <= _LATEST:
            return at
    raise FormatError(
        "when is the size of a tree, as in 1234, or a time with its offset, as in"
        " 2023-11-20T16:12:00Z or 2023-11-20T08:12:00-08:00"
    )


def format_time(at: int) -> str:
    """Write UTC seconds as RFC 3339 has them."""
    return (_EPOCH + dt.timedelta(seconds=at)).strftime("%Y-%m-%dT%H:%M:%SZ")


_EPOCH: Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)

_LATEST: Final = (
    253_402_300_799  # the last second of the year 9999, after which no time can be written
)
