"""What the site tells anyone who asks: letters, numbers, names, documents."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import msgspec

from undersigned.app.counting import Counts, read_counts, read_headcount
from undersigned.app.failures import report_failure
from undersigned.app.letters import Letters, LetterView, stage_of
from undersigned.app.news import find_end, keep_until
from undersigned.app.site import Site
from undersigned.app.trustees import Progress, read_progress
from undersigned.domain.letter import Letter, LetterId, State, TextDocument, parse_text
from undersigned.domain.notice import READ_BY_PEOPLE, parse_notice
from undersigned.domain.reasons import NoticeKind
from undersigned.domain.stage import Stage
from undersigned.errors import StoreError, UndersignedError, UnknownDocument
from undersigned.store import letters as letter_store
from undersigned.store import log as log_store
from undersigned.store import notices as notice_store
from undersigned.store import signatures as signature_store
from undersigned.store.database import Connection
from undersigned.store.letters import LetterRow
from undersigned.store.notices import NoticeRow, TimestampRow
from undersigned.store.purged import find_purged
from undersigned.store.signatures import ShownName

MOST_NAMES = 1000
"""Names in one answer: a page that a phone can hold."""

MOST_NOTICES = 100
"""Notices on a letter's page, the newest ones; all of them are in the log."""

NEARLY_ALL_PERCENT = 90
"""From here on the few who are missing among sealed names may be known by who says that they signed."""


# Made here and not at the first use, which may be in two threads at once (see `domain.canonical`).
_COUNTS: Final = msgspec.json.Decoder(Counts)


@dataclass(frozen=True, slots=True)
class LetterNumbers:
    """A letter's counts, with the size of the tree that proves them and the time of its last record."""

    counts: Counts
    headcount: int
    size: int
    at: int


@dataclass(frozen=True, slots=True)
class Notice:
    """What the organiser has told readers; `text` is None once its page was taken down."""

    leaf_index: int
    kind: str
    at: int
    n: int | None
    document: bytes
    text: str | None


@dataclass(frozen=True, slots=True)
class LetterPage:
    """A letter as its page shows it.

    `ended_at` is when it closed, lapsed or was superseded; `purged_at`, when the personal data of its
    members was deleted here.
    """

    view: LetterView
    stage: Stage
    roll_n: int
    epochs: int
    opened_at: int
    numbers: LetterNumbers
    texts: tuple[TextDocument, ...]
    notices: tuple[Notice, ...]
    timestamps: tuple[TimestampRow, ...]
    opening: Progress | None
    ended_at: int | None
    purged_at: int | None

    @property
    def new_headcount(self) -> Notice | None:
        """Return the notice that the displayed headcount is from; None: it is the letter's own."""
        return next((each for each in self.notices if each.n is not None), None)

    @property
    def letter(self) -> Letter:
        """What was fixed when it was opened."""
        return self.view.letter

    @property
    def kept_until(self) -> int | None:
        """Return until when personal data is kept; None while the letter has not ended."""
        return None if self.ended_at is None else keep_until(self.letter, self.ended_at)

    @property
    def nearly_all_stand(self) -> bool:
        """Say whether so many stand, before any name is open, that who is missing can be guessed."""
        standing, headcount = self.numbers.counts.standing, self.numbers.headcount
        has_opened = self.stage.state in (State.RELEASED, State.CLOSED)
        return not has_opened and standing * 100 > headcount * NEARLY_ALL_PERCENT


@dataclass(frozen=True, slots=True)
class HistoryRow:
    """What an epoch left."""

    n: int
    at: int
    size: int
    counts: Counts


def list_pages(site: Site, letters: Letters) -> list[LetterPage]:
    """Return every letter, by slug and edition."""
    with site.collector.read() as connection:
        rows = letter_store.list_letters(connection)
        return [read_page(connection, letters, row) for row in rows]


def get_page(site: Site, letters: Letters, name: str) -> LetterPage:
    """Return the letter of `slug` or `slug@edition`. Raises UnknownLetter."""
    with site.collector.read() as connection:
        return read_page(connection, letters, letters.get_row(connection, name))


def get_view(site: Site, letters: Letters, name: str) -> LetterView:
    """Return what never changes about a letter. Raises UnknownLetter."""
    with site.collector.read() as connection:
        return letters.view(letters.get_row(connection, name))


def get_numbers(site: Site, letters: Letters, name: str) -> LetterNumbers:
    """Return a letter's numbers. Raises UnknownLetter."""
    with site.collector.read() as connection:
        row = letters.get_row(connection, name)
        return _numbers(connection, letters.view(row).letter, row)


def list_numbers(
    site: Site, letters: Letters, letter_ids: Iterable[LetterId]
) -> dict[LetterId, LetterNumbers]:
    """Return the numbers of several letters as of one moment; of a damaged one none."""
    with site.collector.read() as connection:
        return {
            letter_id: numbers
            for letter_id in letter_ids
            if (numbers := _find_numbers(connection, letters, letter_id)) is not None
        }


def _find_numbers(
    connection: Connection, letters: Letters, letter_id: LetterId
) -> LetterNumbers | None:
    row = letter_store.find_letter(connection, letter_id)
    if row is None:
        return None
    try:
        return _numbers(connection, letters.view(row).letter, row)
    except (ValueError, UndersignedError) as error:
        # Others must not wait for it; the sequencer says the same, once (`app.damaged`).
        report_failure("numbers", error, letter=f"{row.slug}@{row.edition}")
        return None


def read_page(connection: Connection, letters: Letters, row: LetterRow) -> LetterPage:
    """Return a letter as its page shows it, in the caller's transaction."""
    view = letters.view(row)
    return LetterPage(
        view=view,
        stage=stage_of(row),
        roll_n=row.roll_n,
        epochs=row.epochs,
        opened_at=row.opened_at,
        numbers=_numbers(connection, view.letter, row),
        texts=read_texts(connection, view.letter),
        notices=_notices(connection, row.letter_id),
        timestamps=tuple(notice_store.list_timestamps(connection, row.letter_id)),
        opening=read_progress(connection, view.letter, stage_of(row)),
        ended_at=find_end(stage_of(row)),
        purged_at=find_purged(connection, row.letter_id),
    )


def read_texts(connection: Connection, letter: Letter) -> tuple[TextDocument, ...]:
    """Return the texts of a letter, the authoritative one first."""
    contents = [letter_store.find_document(connection, each.hash) for each in letter.texts]
    if None in contents:
        raise StoreError("a text of this letter is missing")
    return tuple(parse_text(content) for content in contents if content is not None)


def _notices(connection: Connection, letter_id: bytes) -> tuple[Notice, ...]:
    """Return the notices that people read, the newest first; the newest headcount is among them."""
    rows = notice_store.list_notices(connection, letter_id, READ_BY_PEOPLE, MOST_NOTICES)
    if not any(row.kind == NoticeKind.HEADCOUNT.value for row in rows):
        rows += notice_store.list_notices(connection, letter_id, [NoticeKind.HEADCOUNT.value], 1)
    return tuple(
        Notice(row.leaf_index, row.kind, row.at, row.n, row.document, _text_of(connection, row))
        for row in rows
    )


def _text_of(connection: Connection, row: NoticeRow) -> str | None:
    content = letter_store.find_document(connection, row.document)
    return None if content is None else parse_notice(content)


def _numbers(connection: Connection, letter: Letter, row: LetterRow) -> LetterNumbers:
    checkpoint = log_store.find_checkpoint(connection)
    return LetterNumbers(
        counts=read_counts(connection, letter, stage_of(row).state),
        headcount=read_headcount(connection, letter),
        size=checkpoint.size if checkpoint else 0,
        at=row.at,
    )


def get_history(site: Site, letters: Letters, name: str) -> list[HistoryRow]:
    """Return what each epoch of a letter left. Raises UnknownLetter."""
    with site.collector.read() as connection:
        row = letters.get_row(connection, name)
        return read_history(connection, row.letter_id)


def read_history(
    connection: Connection, letter_id: bytes, *, after: int = 0, limit: int | None = None
) -> list[HistoryRow]:
    """Return what each epoch of a letter left, in the caller's transaction: those above `after`."""
    rows = letter_store.list_history(connection, letter_id, after=after, limit=limit)
    return [HistoryRow(n, at, size, _COUNTS.decode(counts)) for n, at, size, counts in rows]


def list_names(
    site: Site, letters: Letters, name: str, *, after: int = -1, limit: int = MOST_NAMES
) -> list[ShownName]:
    """Return public and opened names of a letter, in the log's order. Raises UnknownLetter."""
    with site.collector.read() as connection:
        row = letters.get_row(connection, name)
        return signature_store.list_shown_names(
            connection, row.letter_id, after=after, limit=min(limit, MOST_NAMES)
        )


def get_document(site: Site, digest: bytes) -> bytes:
    """Return a document by its hash (32 bytes). Raises UnknownDocument."""
    with site.collector.read() as connection:
        content = letter_store.find_document(connection, digest)
    if content is None:
        raise UnknownDocument
    return content
