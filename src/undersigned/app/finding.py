"""Finding letters: all of a site's by where they are in their life, and those that say certain words.

What a letter says never changes, so that its words are read once and kept, as far as there is room.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from threading import Lock
from typing import Final

from undersigned.app.letters import Letters, stage_of
from undersigned.app.reading import LetterPage, read_page, read_texts
from undersigned.app.site import Site
from undersigned.domain.letter import Letter, State, TextDocument
from undersigned.domain.name import fold
from undersigned.store import letters as letter_store
from undersigned.store.database import Connection
from undersigned.store.letters import LetterRow

LETTERS_ON_A_PAGE: Final = 30
MOST_WORDS: Final = 8
"""Words of a query that are looked for."""

MOST_KEPT: Final = 20_000_000
"""Characters of letters that are kept to be searched: a hundred long letters, or thousands of short ones."""


class Shelf(StrEnum):
    """Where a reader looks for a letter: what can still happen to it."""

    OPEN = "open"
    RELEASED = "released"
    CLOSED = "closed"
    OVER = "over"


SHELF_OF: Final = {
    State.OPEN: Shelf.OPEN,
    State.REACHED: Shelf.OPEN,
    State.FROZEN: Shelf.OPEN,
    State.RELEASED: Shelf.RELEASED,
    State.CLOSED: Shelf.CLOSED,
    State.LAPSED: Shelf.OVER,
    State.SUPERSEDED: Shelf.OVER,
}


@dataclass(frozen=True, slots=True)
class FoundLetter:
    """A letter with the texts that have the words; the first of its texts may not be among them."""

    page: LetterPage
    texts: tuple[TextDocument, ...]

    @property
    def shelf(self) -> Shelf:
        """Where it is."""
        return SHELF_OF[self.page.stage.state]


@dataclass(frozen=True, slots=True)
class FoundPage:
    """A page of letters, by shelf and the newest first; `found` counts all pages, `shelves` each shelf."""

    letters: tuple[FoundLetter, ...]
    words: tuple[str, ...]
    shelves: dict[Shelf, int]
    found: int
    number: int
    pages: int


@dataclass(frozen=True, slots=True)
class _Line:
    """A letter that was found: the texts that have the words, and if the head of one has them all."""

    row: LetterRow
    shelf: Shelf
    in_head: bool
    texts: tuple[TextDocument, ...]


@dataclass(frozen=True, slots=True)
class _Searched:
    """The texts of a letter, and each without case and accents: first its head, then all of it."""

    texts: tuple[TextDocument, ...]
    heads: tuple[str, ...]
    wholes: tuple[str, ...]

    @property
    def size(self) -> int:
        """Characters that it takes to keep this, about."""
        return 2 * sum(map(len, self.wholes))


class Finder:
    """Finds letters of a site. One for each app; threads share it."""

    def __init__(self, site: Site, letters: Letters) -> None:
        self._site = site
        self._letters = letters
        self._lock = Lock()
        self._kept: dict[bytes, _Searched] = {}
        self._size = 0

    def find(self, query: str, shelf: Shelf | None, number: int) -> FoundPage:
        """Return a page (from 1; the last, if there are fewer) of the letters that have every word.

        All words have to be in one text. Those that have them in title or addressees come first on their
        shelf; without a query every letter is found.
        """
        words = tuple(fold(query).split()[:MOST_WORDS])
        with self._site.collector.read() as connection:
            found = self._list_found(connection, words)
            chosen = [line for line in found if shelf is None or line.shelf is shelf]
            pages = max(1, -(-len(chosen) // LETTERS_ON_A_PAGE))
            number = max(1, min(number, pages))
            start = (number - 1) * LETTERS_ON_A_PAGE
            lines = [
                FoundLetter(read_page(connection, self._letters, line.row), line.texts)
                for line in chosen[start : start + LETTERS_ON_A_PAGE]
            ]
        shelves = Counter(line.shelf for line in found)
        return FoundPage(tuple(lines), words, dict(shelves), len(chosen), number, pages)

    def _list_found(self, connection: Connection, words: Sequence[str]) -> list[_Line]:
        """Return the letters that have the words, in the order in which they are shown."""
        found = []
        for row in letter_store.list_letters(connection):
            match = self._find_match(connection, row, words)
            if match is not None:
                found.append(_Line(row, SHELF_OF[stage_of(row).state], *match))
        order = list(Shelf)
        return sorted(
            found,
            key=lambda line: (
                order.index(line.shelf),
                not line.in_head,
                -line.row.opened_at,
                line.row.slug,
            ),
        )

    def _find_match(
        self, connection: Connection, row: LetterRow, words: Sequence[str]
    ) -> tuple[bool, tuple[TextDocument, ...]] | None:
        """Return whether the words are in the head of a text, and which texts have them; None if none has."""
        if not words:
            return False, ()
        searched = self._read(connection, self._letters.view(row).letter)
        texts = tuple(
            text
            for text, whole in zip(searched.texts, searched.wholes, strict=True)
            if all(word in whole for word in words)
        )
        in_head = any(all(word in head for word in words) for head in searched.heads)
        return (in_head, texts) if texts else None

    def _read(self, connection: Connection, letter: Letter) -> _Searched:
        with self._lock:
            kept = self._kept.get(letter.letter_id)
        if kept is not None:
            return kept
        texts = read_texts(connection, letter)
        heads = tuple(fold("\n".join((text.title, *text.addressees))) for text in texts)
        wholes = tuple(fold("\n".join(lines_of(text))) for text in texts)
        searched = _Searched(texts, heads, wholes)
        with self._lock:
            if self._size + searched.size > MOST_KEPT:
                self._kept.clear()
                self._size = 0
            if letter.letter_id not in self._kept:
                self._size += searched.size
            self._kept[letter.letter_id] = searched
        return searched


def lines_of(text: TextDocument) -> list[str]:
    """Return all that a text says, line by line: title and addressees first."""
    body = [text.text, *(demand.text for demand in text.demands), text.consequence]
    return [text.title, *text.addressees, *(line for part in body for line in part.split("\n"))]
