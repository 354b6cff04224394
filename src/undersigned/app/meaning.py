"""Which signatures an organiser means: those that fit criteria, by nothing but what is public.

The roll and the issuer are never asked: whoever is found here could be found by every reader.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from undersigned.app.counting import ENDED, find_standing
from undersigned.app.letters import Letters, stage_of
from undersigned.app.names import fold
from undersigned.app.site import Site
from undersigned.domain.letter import Letter, LetterId, Mode, State
from undersigned.domain.name import Verified
from undersigned.domain.opening import OpenedLeaf, parse_opening
from undersigned.domain.record import OpeningRecord, parse_record
from undersigned.errors import FormatError, NothingToInvalidate, StoreError, UnknownLeaf
from undersigned.store import letters as letter_store
from undersigned.store import log as log_store
from undersigned.store import signatures as signature_store
from undersigned.store.database import Connection
from undersigned.store.signatures import ShownName, SignatureRow

_ENTRIES_AT_ONCE = 1_000
_NAMES_AT_ONCE = 1_000


@dataclass(frozen=True, slots=True)
class Criteria:
    """What is known of the signatures that are meant; all of it must fit.

    `leaves` are places in the log, one by one; `first` and `last` bound them. Name, role and statement
    fit if they hold every word, without case and accents. `wave` (from 1) opened the name.
    """

    leaves: frozenset[int] = field(default_factory=frozenset)
    first: int | None = None
    last: int | None = None
    name: str | None = None
    role: str | None = None
    verified: Verified | None = None
    statement: str | None = None
    wave: int | None = None

    def __post_init__(self) -> None:
        texts = (self.name, self.role, self.statement)
        if not self.leaves and not any(
            each is not None for each in (self.first, self.last, self.verified, self.wave, *texts)
        ):
            raise FormatError("nothing says which signatures are meant")
        if any(text is not None and not fold(text).split() for text in texts):
            raise FormatError("a criterion without a word would fit everyone")


@dataclass(frozen=True, slots=True)
class Meant:
    """A signature that fits, and the name that is shown for it (None if it was erased)."""

    row: SignatureRow
    shown: ShownName | None


@dataclass(frozen=True, slots=True)
class Selection:
    """The signatures that fit, in the log's order, and what the count becomes without them.

    `m` and `m_after` are compared with the letter's rule; `state` is where the letter is.
    """

    letter: Letter
    state: State
    meant: tuple[Meant, ...]
    m: int
    m_after: int

    @property
    def falls_below(self) -> bool:
        """Say whether the rule is met now and will not be afterwards."""
        return self.m >= self.letter.rule > self.m_after


def select_signatures(site: Site, letters: Letters, name: str, criteria: Criteria) -> Selection:
    """Find who fits among the public and opened signatures that have not ended; nothing is written.

    Raises UnknownLetter; UnknownLeaf for a leaf that is no signature of the letter; NothingToInvalidate
    for one that is sealed, anonymous or ended, and if nobody fits.
    """
    with site.collector.read() as connection:
        row = letters.get_row(connection, name)
        letter, state = letters.view(row).letter, stage_of(row).state
        live = signature_store.list_live(connection, letter.letter_id)
        _check_leaves(connection, letter.letter_id, criteria.leaves)
        meant = _find_meant(connection, letter.letter_id, live, criteria)
    if not meant:
        raise NothingToInvalidate
    gone = {each.row.leaf_index for each in meant}
    left = [each for each in live if each.leaf_index not in gone]
    return Selection(letter, state, meant, _m(letter, state, live), _m(letter, state, left))


def _m(letter: Letter, state: State, live: Sequence[SignatureRow]) -> int:
    return 0 if state in ENDED else find_standing(letter, live).m


def may_be_invalidated(row: SignatureRow) -> bool:
    """Say whether a signature is public or opened, and has not ended (formats §7)."""
    return row.status == "live" and (row.mode == Mode.PUBLIC.value or row.opened)


def _check_leaves(connection: Connection, letter_id: LetterId, leaves: frozenset[int]) -> None:
    """Check that each leaf that is named could be invalidated: a slip must not pass in silence."""
    for leaf in sorted(leaves):
        row = signature_store.find_signature(connection, leaf)
        if row is None or row.letter_id != letter_id:
            raise UnknownLeaf(f"Leaf {leaf} is no signature of this letter.")
        if row.status != "live":
            raise NothingToInvalidate(f"The signature at leaf {leaf} has ended already.")
        if not may_be_invalidated(row):
            raise NothingToInvalidate(
                f"The signature at leaf {leaf} shows no name: nobody can be singled out by it."
            )


def _find_meant(
    connection: Connection, letter_id: LetterId, live: Sequence[SignatureRow], criteria: Criteria
) -> tuple[Meant, ...]:
    shown = _read_shown(connection, letter_id)
    wave = None
    if criteria.wave is not None:
        wave = _leaves_of_wave(connection, letter_id, criteria.wave)
    return tuple(
        Meant(row, shown.get(row.leaf_index))
        for row in live
        if may_be_invalidated(row)
        and _is_in_place(row.leaf_index, criteria, wave)
        and _says(shown.get(row.leaf_index), criteria)
    )


def _is_in_place(leaf: int, criteria: Criteria, wave: frozenset[int] | None) -> bool:
    return (
        (not criteria.leaves or leaf in criteria.leaves)
        and (criteria.first is None or leaf >= criteria.first)
        and (criteria.last is None or leaf <= criteria.last)
        and (wave is None or leaf in wave)
    )


def _says(shown: ShownName | None, criteria: Criteria) -> bool:
    asked = (criteria.name, criteria.role, criteria.statement)
    if shown is None:
        # A name that was erased says nothing, and fits no question about it.
        return asked == (None, None, None) and criteria.verified is None
    said = (shown.name, shown.role, shown.statement)
    return (criteria.verified is None or shown.verified == criteria.verified.value) and all(
        words is None or _holds(text, words) for text, words in zip(said, asked, strict=True)
    )


def _holds(text: str | None, words: str) -> bool:
    folded = fold(text or "")
    return all(word in folded for word in fold(words).split())


def _read_shown(connection: Connection, letter_id: LetterId) -> dict[int, ShownName]:
    shown: dict[int, ShownName] = {}
    after = -1
    while page := signature_store.list_shown_names(
        connection, letter_id, after=after, limit=_NAMES_AT_ONCE
    ):
        shown |= {each.leaf_index: each for each in page}
        after = page[-1].leaf_index
    return shown


def _leaves_of_wave(connection: Connection, letter_id: LetterId, wave: int) -> frozenset[int]:
    """Return the leaves that a wave's opening file opened; none if there was no such opening."""
    checkpoint = log_store.find_checkpoint(connection)
    size = 0 if checkpoint is None else checkpoint.size
    for start in range(0, size, _ENTRIES_AT_ONCE):
        for entry in log_store.read_entries(connection, start, start + _ENTRIES_AT_ONCE):
            if b'"t":"opening"' not in entry:
                continue
            record = parse_record(entry)
            if (
                isinstance(record, OpeningRecord)
                and record.letter_id == letter_id
                and record.wave == wave
            ):
                return _opened_in(connection, record)
    return frozenset()


def _opened_in(connection: Connection, record: OpeningRecord) -> frozenset[int]:
    content = letter_store.find_document(connection, record.file)
    if content is None:
        raise StoreError("an opening file is missing")
    leaves = parse_opening(content).leaves
    return frozenset(leaf.index for leaf in leaves if isinstance(leaf, OpenedLeaf))
