"""The charts of the letters, made once for each epoch: a crowd that reloads costs one reading."""

from threading import Lock
from typing import Final

from undersigned.app import reading
from undersigned.app.reading import LetterPage
from undersigned.app.running import RunningSite
from undersigned.web.pages.growth import Growth, make_growth

MOST_LETTERS: Final = 200
"""Charts kept, each of some ten kilobytes."""


class Charts:
    """The chart of every letter that is being read. One for each app; threads share it."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._made: dict[bytes, tuple[int, int, Growth | None]] = {}

    def get(self, running: RunningSite, page: LetterPage) -> Growth | None:
        """Return the chart of a letter as of the page's epoch; None while there is nothing to draw."""
        letter, headcount = page.letter, page.numbers.headcount
        with self._lock:
            *drawn, growth = self._made.get(letter.letter_id, (-1, 0, None))
        if drawn == [page.epochs, headcount]:
            return growth
        name = f"{letter.slug}@{letter.edition}"
        rows = reading.get_history(running.site, running.letters, name)
        growth = make_growth(letter, headcount, page.opened_at, rows)
        with self._lock:
            if len(self._made) >= MOST_LETTERS:
                self._made.clear()
            self._made[letter.letter_id] = (len(rows), headcount, growth)
        return growth
