"""Letters as the use cases need them: parsed once, with what checks their tokens."""

from dataclasses import dataclass
from typing import Final, cast

import msgspec

from undersigned.app.counting import count_letter
from undersigned.app.letter_name import parse_letter_name
from undersigned.app.site import Site
from undersigned.crypto.token import TokenVerifier
from undersigned.domain.letter import Letter, LetterId
from undersigned.domain.record import LetterRecord, parse_record
from undersigned.domain.stage import Stage
from undersigned.errors import UnknownLetter
from undersigned.store import letters as letter_store
from undersigned.store import log as log_store
from undersigned.store.database import Connection
from undersigned.store.letters import LetterRow

# Made here and not at the first use, which may be in two threads at once (see `domain.canonical`).
_STAGE: Final = msgspec.json.Decoder(Stage)


@dataclass(frozen=True, slots=True)
class LetterView:
    """A letter that was opened here, with what never changes about it."""

    letter: Letter
    record: LetterRecord
    tokens: TokenVerifier

    @property
    def letter_id(self) -> LetterId:
        """The letter's id (32 bytes)."""
        return self.letter.letter_id


class Letters:
    """The letters of a site, each parsed when it is first asked for."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._views: dict[bytes, LetterView] = {}
        self._m: dict[bytes, tuple[int, int]] = {}

    def get(self, connection: Connection, letter_id: bytes) -> LetterView:
        """Return a letter by its id. Raises UnknownLetter."""
        view = self._views.get(letter_id)
        if view is None:
            row = letter_store.find_letter(connection, letter_id)
            if row is None:
                raise UnknownLetter
            view = self.view(row)
        return view

    def view(self, row: LetterRow) -> LetterView:
        """Return the letter of a row."""
        view = self._views.get(row.letter_id)
        if view is None:
            record = cast("LetterRecord", parse_record(row.record))
            view = LetterView(record.letter, record, self._site.token_verifier(record.letter))
            self._views[row.letter_id] = view
        return view

    def count_m(self, connection: Connection, letter: Letter) -> int:
        """Return the m of a letter, counted once for each size of the log: nothing else changes it."""
        checkpoint = log_store.find_checkpoint(connection)
        size = 0 if checkpoint is None else checkpoint.size
        counted_at, m = self._m.get(letter.letter_id, (-1, 0))
        if counted_at != size:
            m = count_letter(connection, letter).m
            self._m[letter.letter_id] = size, m
        return m

    def get_row(self, connection: Connection, name: str) -> LetterRow:
        """Return the row of `slug` (its newest edition) or `slug@edition`. Raises UnknownLetter."""
        row = letter_store.find_edition(connection, *parse_letter_name(name))
        if row is None:
            raise UnknownLetter
        return row


def stage_of(row: LetterRow) -> Stage:
    """Return where a letter is in its life."""
    return _STAGE.decode(row.stage)


def format_stage(stage: Stage) -> str:
    """Write a stage for the database."""
    return msgspec.json.encode(stage).decode()
