"""What people type into a field: numbers, shares, times of a zone, durations, lines; and how it is read.

`None` is nothing typed; `FieldUnread` says why it cannot be read, by the name of its sentence.
"""

import datetime as dt
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Final, TypeVar
from zoneinfo import ZoneInfo, available_timezones

from undersigned.errors import FieldUnread

T = TypeVar("T")

UNITS: Final[Mapping[str, int]] = {"minutes": 60, "hours": 3_600, "days": 86_400, "seconds": 1}
"""Units of a duration in seconds, the one that people take first."""

LAST_MOMENT: Final = 253_402_214_400
"""The last day of the year 9999 begins: later times cannot be typed in every zone."""

_NUMBER: Final = re.compile(r"[0-9]{1,3}(?:[ .,'\u00a0\u202f’][0-9]{3}){1,3}|[0-9]{1,12}")
_SHARE: Final = re.compile(r"([0-9]{1,3})(?:[.,]([0-9]{1,3}))?\s*%")
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TIME: Final = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])(?::([0-5][0-9]))?")
_BETWEEN: Final = re.compile(r"[;,\s]+")


def read_number(text: str) -> int | None:
    """Read a whole number, with or without marks between its thousands. Raises FieldUnread."""
    text = text.strip()
    if not text:
        return None
    if not _NUMBER.fullmatch(text):
        raise FieldUnread("number")
    return int(re.sub(r"[^0-9]", "", text))


def read_people(text: str, headcount: int | None) -> int | None:
    """Read a number of people, or a share of all of them in percent, rounded up. Raises FieldUnread."""
    share = _SHARE.fullmatch(text.strip())
    if share is None:
        return read_number(text)
    if headcount is None:
        raise FieldUnread("share-of-unknown")
    decimals = share[2] or ""
    whole = int("100" + "0" * len(decimals))
    return -(-headcount * int(share[1] + decimals) // whole)


def read_numbers(text: str, headcount: int | None) -> tuple[int, ...]:
    """Read numbers or shares with commas or spaces between, ascending, each once. Raises FieldUnread."""
    joined = re.sub(r"\s+%", "%", text.strip())
    parts = [part for part in _BETWEEN.split(joined) if part]
    read = (read_people(part, headcount) for part in parts)
    return tuple(sorted({number for number in read if number is not None}))


def read_day(text: str) -> str | None:
    """Read a day, YYYY-MM-DD. Raises FieldUnread."""
    text = text.strip()
    if not text:
        return None
    if not _DAY.fullmatch(text):
        raise FieldUnread("day")
    try:
        return dt.date.fromisoformat(text).isoformat()
    except ValueError:
        raise FieldUnread("day") from None


@lru_cache(1)
def list_zones() -> tuple[str, ...]:
    """Return the names of the time zones that people choose from, UTC first."""
    places = (name for name in available_timezones() if "/" in name)
    return ("UTC", *sorted(name for name in places if not name.startswith(("Etc/", "SystemV/"))))


def read_moment(day: str, time: str, zone: str) -> int | None:
    """Read a time of a zone as UTC seconds. Raises FieldUnread, also for one that a change of clocks skips.

    Of a time that comes twice it is the first.
    """
    read = read_day(day)
    if read is None:
        return None
    clock = _TIME.fullmatch(time.strip())
    if clock is None:
        raise FieldUnread("time")
    if zone not in list_zones():
        raise FieldUnread("zone")
    local = dt.datetime.fromisoformat(f"{read}T{clock[1]}:{clock[2]}:{clock[3] or '00'}")
    try:
        at = local.replace(tzinfo=ZoneInfo(zone)).timestamp()
        there = dt.datetime.fromtimestamp(at, ZoneInfo(zone)).replace(tzinfo=None)
    except (OverflowError, ValueError):
        raise FieldUnread("day") from None
    if there != local:
        raise FieldUnread("skipped")
    if at < 0:
        raise FieldUnread("day")
    return int(at)


def write_moment(at: int, zone: str) -> tuple[str, str]:
    """Write UTC seconds as day and time of a zone, as the two fields hold them."""
    local = dt.datetime.fromtimestamp(at, ZoneInfo(zone))
    return local.date().isoformat(), local.strftime("%H:%M:%S")[: 8 if local.second else 5]


def read_duration(text: str, unit: str) -> int | None:
    """Read a duration in one of `UNITS`, in seconds. Raises FieldUnread."""
    number = read_number(text)
    if unit not in UNITS:
        raise FieldUnread("unit")
    return None if number is None else number * UNITS[unit]


def write_duration(seconds: int) -> tuple[str, str]:
    """Write a duration as number and unit, the largest that leaves nothing over."""
    for unit in ("days", "hours", "minutes"):
        if seconds and seconds % UNITS[unit] == 0:
            return str(seconds // UNITS[unit]), unit
    return (str(seconds), "seconds") if seconds else ("0", "hours")


def read_lines(text: str) -> tuple[str, ...]:
    """Return the lines that say something, without the white space around them."""
    return tuple(line.strip() for line in text.splitlines() if line.strip())
