"""The bundles of a log, each with the word of a crew on it, if there is one (`crew`, `vouching`)."""

import re
from collections.abc import Iterator
from typing import Any, Final

from undersigned.errors import FormatError
from undersigned.tlog.tile import FULL_WIDTH, MAX_BUNDLE_SIZE, parse_entry_bundle
from undersigned.verify.crew import Crew
from undersigned.verify.folder import Folder
from undersigned.verify.vouching import (
    LETTER_OPENS,
    Seen,
    bundle_path,
    find_letters,
    look_at_bundles,
)

AT_ONCE: Final = 4
"""Bundles that one process looks at: a tenth of a second, and a quarter of a megabyte of what comes back."""

_LETTER: Final = re.compile(rb'"letter":"([A-Za-z0-9_-]{43})"')


def look_ahead(
    folder: Folder, size: int, host: str, crew: Crew | None
) -> Iterator[Seen | None] | None:
    """Yield what a crew says of each bundle of a log of `size` entries; None: nothing, look yourself."""
    if crew is None:
        return None
    return _look_ahead(folder, size, host, crew)


def _look_ahead(folder: Folder, size: int, host: str, crew: Crew) -> Iterator[Seen | None]:
    for widths, seen in crew.map(look_at_bundles, _chunks(folder, size, host)):
        yield from seen or [None] * len(widths)


def _chunks(folder: Folder, size: int, host: str) -> Iterator[tuple[list[int], tuple[Any, ...]]]:
    """Yield widths of bundles, and what is asked about them: the letters that they name go with them."""
    letters: dict[bytes, bytes] = {}
    for start in range(0, size, AT_ONCE * FULL_WIDTH):
        first, left = start // FULL_WIDTH, min(size - start, AT_ONCE * FULL_WIDTH)
        widths = [min(FULL_WIDTH, left - done) for done in range(0, left, FULL_WIDTH)]
        named: set[bytes] = set()
        for number, width in enumerate(widths, first):
            data = _peek(folder, number, width)
            letters |= _letters_in(data, width, host)
            named |= set(_LETTER.findall(data)) if len(letters) > 1 else letters.keys()
        wanted = {name: letters[name] for name in sorted(named & letters.keys())}
        yield widths, (folder.root, host, wanted, first, widths)


def _peek(folder: Folder, number: int, width: int) -> bytes:
    """Return a bundle, nothing if it cannot be read: that is said by who reads it to verify it."""
    try:
        return folder.find(bundle_path(number, width), MAX_BUNDLE_SIZE) or b""
    except FormatError:
        return b""


def _letters_in(data: bytes, width: int, host: str) -> dict[bytes, bytes]:
    if LETTER_OPENS not in data:
        return {}
    try:
        return find_letters(parse_entry_bundle(data, width), host)
    except FormatError:
        return {}
