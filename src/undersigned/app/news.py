"""News of a letter: what an issuer learns from whoever collects its signatures.

All of it is public; an issuer apart reads it from the site's public API. What is done with it is not
asked here: members are told (`telling_members`), personal data is deleted (`purging`).
"""

from dataclasses import dataclass
from typing import Protocol

from undersigned.domain.letter import Letter, State
from undersigned.domain.stage import ENDED, Stage

DAY_S = 86_400


@dataclass(frozen=True, slots=True)
class LetterNews:
    """Where a letter is. `m` is compared with its rule; times are UTC seconds.

    `ended_at` is when it closed, lapsed or was superseded; None while something can still happen to it.
    `is_answered`: its addressee has answered something.
    """

    state: State
    m: int
    reached_at: int | None
    released_at: int | None
    ended_at: int | None
    is_answered: bool = False


class NewsSource(Protocol):
    """Whoever collects the signatures of a letter, as far as it tells where the letter is."""

    def look(self, letter: Letter) -> LetterNews:
        """Return where a letter is now. Raises UnknownLetter, and whatever keeps it from asking."""


def find_end(stage: Stage) -> int | None:
    """Return when a letter has ended; None while something can still happen to it."""
    return stage.at if stage.state in ENDED else None


def keep_until(letter: Letter, ended_at: int) -> int:
    """Return until when personal data is kept of a letter that ended at this time."""
    return ended_at + letter.retention_days * DAY_S
