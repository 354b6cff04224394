"""A few words around those that were looked for, so that a reader sees why a letter was found."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from undersigned.domain.name import fold

AROUND: Final = 80
"""Characters on each side, cut at a space."""

_LINK: Final = re.compile(r"!?\[([^\]]*)\]\([^)\s]*\)")
_MARKUP: Final = re.compile(r"^\s*(?:#{1,6}|>|[-+*]|[0-9]{1,9}[.)])\s+|[*_`]+")


@dataclass(frozen=True, slots=True)
class Excerpt:
    """A part of a line with the first of the words that were found."""

    before: str
    hit: str
    after: str


def find_excerpt(lines: Iterable[str], words: Sequence[str]) -> Excerpt | None:
    """Return the words around the first hit (`words` are folded); None if no line shows one.

    The lines are Markdown, whose marks are left out.
    """
    for line in lines:
        plain = _MARKUP.sub("", _LINK.sub(r"\1", line)).strip()
        for word in words:
            place = _find(plain, word)
            if place is not None:
                return _cut(plain, *place)
    return None


def _find(line: str, word: str) -> tuple[int, int] | None:
    """Return where a folded word begins and ends in a line as it is written."""
    if word not in fold(line):
        return None
    folded, places = "", []
    for at, character in enumerate(line):
        piece = fold(character)
        folded += piece
        places += [at] * len(piece)
    start = folded.find(word)
    if start < 0:
        return None
    end = places[start + len(word) - 1] + 1
    # What is written above or below the last letter belongs to it.
    while end < len(line) and not fold(line[end]):
        end += 1
    return places[start], end


def _cut(line: str, start: int, end: int) -> Excerpt:
    before, after = line[:start], line[end:]
    if len(before) > AROUND:
        before = "…" + before[-AROUND:].partition(" ")[2]
    if len(after) > AROUND:
        after = after[:AROUND].rpartition(" ")[0] + "…"
    return Excerpt(before, line[start:end], after)
