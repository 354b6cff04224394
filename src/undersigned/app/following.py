"""Following letters: what an issuer does as it hears what becomes of those that it issues for.

It asks whoever collects their signatures, again and again: by a call in a whole site, by HTTP if it is
apart. Then members are told who asked for it, and personal data is deleted whose time has come, with a
row in the desk's trail.
"""

import time
from collections.abc import Callable
from typing import Final

from undersigned.app.activity import acting
from undersigned.app.desk import Desk
from undersigned.app.failures import report_event, report_failure
from undersigned.app.issuer import IssuedLetter, Issuer
from undersigned.app.news import LetterNews, NewsSource
from undersigned.app.purging import find_purge_time, learn_end, purge
from undersigned.app.telling_members import tell_members
from undersigned.domain.act import Act
from undersigned.errors import StoreError, UndersignedError

OWN_PAUSE_S: Final = 1.0
"""Between two looks into one's own folder."""

OUTSIDE_PAUSE_S: Final = 60.0
"""Between two questions to a site elsewhere; after one that was not answered twice as long, and so on."""

LONGEST_PAUSE_S: Final = 3_600.0


class Following:
    """Follows every letter of an issuer; `pause_s` is between two looks at one."""

    def __init__(
        self,
        issuer: Issuer,
        desk: Desk,
        source_of: Callable[[IssuedLetter], NewsSource],
        pause_s: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._issuer = issuer
        self._desk = desk
        self._source_of = source_of
        self._pause_s = pause_s
        self._clock = clock
        self._silent: dict[bytes, int] = {}
        self._next: dict[bytes, float] = {}

    def step(self) -> None:
        """Look after each letter whose turn it is."""
        for issued in self._issuer.list_followed():
            letter_id = issued.letter.letter_id
            if self._clock() >= self._next.get(letter_id, 0):
                self._follow(issued)

    def _follow(self, issued: IssuedLetter) -> None:
        letter = issued.letter
        news = self._ask(issued)
        silent = self._silent.get(letter.letter_id, 0)
        pause = min(self._pause_s * 2 ** min(silent, 16), LONGEST_PAUSE_S)
        self._next[letter.letter_id] = self._clock() + max(self._pause_s, pause)
        if news is not None:
            tell_members(self._issuer, self._desk.url, letter, news)
            learn_end(self._issuer, letter, news, is_told=issued.site is not None)
        due = find_purge_time(self._issuer, letter, is_silent=news is None)
        if due is not None and due <= self._issuer.clock.now():
            with acting(self._desk, None, Act.PURGE, letter.slug, letter.edition):
                purge(self._issuer, letter)
            report_event("personal data deleted", letter=f"{letter.slug}@{letter.edition}")

    def _ask(self, issued: IssuedLetter) -> LetterNews | None:
        """Return the news of a letter; None, reported once, if there are none to be had."""
        letter = issued.letter
        try:
            news = self._source_of(issued).look(letter)
        except UndersignedError as error:
            if isinstance(error, StoreError) and issued.site is None:
                raise
            if not self._silent.get(letter.letter_id):
                name = f"{letter.slug}@{letter.edition}"
                report_failure("following a letter", error, letter=name)
            self._silent[letter.letter_id] = self._silent.get(letter.letter_id, 0) + 1
            return None
        self._silent.pop(letter.letter_id, None)
        return news
