"""The collector in the same process, as the issuer of a whole site asks it: by calls."""

from typing import Final

from undersigned.app.answers import read_answers
from undersigned.app.counting import count_letter
from undersigned.app.intake import Intake
from undersigned.app.letters import Letters, stage_of
from undersigned.app.news import LetterNews, find_end
from undersigned.app.site import Site
from undersigned.app.stating import state_roll
from undersigned.app.taking import IssuedRequest
from undersigned.domain.letter import Letter
from undersigned.domain.record import IssuedRecord, RollRecord
from undersigned.domain.stage import check_takes_signature
from undersigned.errors import Busy, UnknownLetter
from undersigned.store import letters as letter_store

TAKE_TIMEOUT_S: Final = 30
"""How long a token waits for its `issued` record to be on disk."""


class OwnRolls:
    """Takes changes of the rolls of a whole site; see `roll_changes.RollCollector`."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._letters = Letters(site)

    def check_takes(self, letter: Letter) -> None:
        """Check that a letter takes signatures now. Raises LetterNotOpen, UnknownLetter."""
        with self._site.collector.read() as connection:
            row = letter_store.find_letter(connection, letter.letter_id)
        if row is None:
            raise UnknownLetter
        check_takes_signature(letter, stage_of(row), self._site.clock.now())

    def look(self, letter: Letter) -> LetterNews:
        """Return where a letter is now. Raises UnknownLetter."""
        with self._site.collector.read() as connection:
            row = letter_store.find_letter(connection, letter.letter_id)
            if row is None:
                raise UnknownLetter
            stage = stage_of(row)
            ended_at = find_end(stage)
            m = count_letter(connection, letter).m if ended_at is None else 0
            is_answered = read_answers(connection, letter).is_begun
        return LetterNews(
            stage.state, m, stage.reached_at, stage.released_at, ended_at, is_answered
        )

    def state_roll(self, letter: Letter, record: RollRecord) -> None:
        """Return once a later roll is in the log. Raises LetterNotOpen, RollExceeded."""
        with self._site.collector.read() as connection:
            view = self._letters.get(connection, letter.letter_id)
        state_roll(self._site, self._letters, view, record)


class OwnCollector(OwnRolls):
    """Takes the issuer's records through the intake; see `issuing.Collector`."""

    def __init__(self, site: Site, intake: Intake) -> None:
        OwnRolls.__init__(self, site)
        self._intake = intake

    def take(self, letter: Letter, record: IssuedRecord) -> None:  # noqa: ARG002
        """Return once the record is on disk. Raises AlreadyIssued, LetterNotOpen, Busy."""
        try:
            self._intake.submit(IssuedRequest(record)).result(TAKE_TIMEOUT_S)
        except TimeoutError:
            # Nothing is lost: the issuance is stored, and the same request will find it.
            raise Busy from None
