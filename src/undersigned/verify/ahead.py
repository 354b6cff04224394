"""The entries of a log, each with the word of a crew on it, if there is one (`crew`, `vouching`)."""

import re
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, Final

from undersigned.domain.record import LetterRecord, parse_record
from undersigned.encoding import format_base64url
from undersigned.errors import FormatError
from undersigned.verify.crew import Crew
from undersigned.verify.vouching import vouch_entries

AT_ONCE: Final = 1_024
"""Entries that one process looks at: a tenth of a second, and a megabyte at most in flight for each."""

_LETTER: Final = re.compile(rb'"letter":"([A-Za-z0-9_-]{43})"')
_OPENS: Final = b'{"acks":'
"""Canonical JSON begins with its first member: only a `letter` record has this one."""


def read_ahead(
    entries: Iterator[tuple[int, bytes]], host: str, crew: Crew | None
) -> Iterator[tuple[int, bytes, bool]]:
    """Yield the entries in their order, with their index and whether form, signature and token hold.

    Without a crew nobody vouches for any.
    """
    if crew is None:
        for index, entry in entries:
            yield index, entry, False
        return
    for chunk, word in crew.map(vouch_entries, _chunks(entries, host)):
        held = bytes(len(chunk)) if word is None else word
        for (index, entry), holds in zip(chunk, held, strict=True):
            yield index, entry, bool(holds)


def _chunks(
    entries: Iterator[tuple[int, bytes]], host: str
) -> Iterator[tuple[list[tuple[int, bytes]], tuple[Any, ...]]]:
    """Yield entries, and what is asked about them: the letters that they name go with them."""
    letters: dict[bytes, bytes] = {}
    while chunk := list(islice(entries, AT_ONCE)):
        contents = [entry for _, entry in chunk]
        letters |= _opened_in(contents)
        named = {found[1] for entry in contents if (found := _LETTER.search(entry))}
        yield chunk, (host, [letters[each] for each in sorted(named & letters.keys())], contents)


def _opened_in(entries: Iterable[bytes]) -> dict[bytes, bytes]:
    opened = {}
    for entry in entries:
        if entry.startswith(_OPENS):
            try:
                record = parse_record(entry)
            except FormatError:
                continue
            if isinstance(record, LetterRecord):
                opened[format_base64url(record.letter_id).encode()] = entry
    return opened
