"""Letters, their documents and their history."""

import hashlib
from dataclasses import replace

from undersigned.domain.canonical import hash_bytes
from undersigned.store.database import Connection
from undersigned.store.letters import (
    LetterRow,
    add_history,
    add_letter,
    delete_document,
    find_document,
    find_documents,
    find_edition,
    find_letter,
    list_history,
    list_letters,
    put_document,
    put_documents,
    put_stage,
)

ROW = LetterRow(
    letter_id=bytes(32),
    slug="slug",
    edition=1,
    record=b"record",
    roll_n=40,
    stage="{}",
    epochs=0,
    epoch_at=0,
    opened_at=1_700_000_000,
    at=1_700_000_000,
    active=True,
)


def test_a_letter_comes_back_as_it_was(collector: Connection) -> None:
    """By its id, and by its slug and edition."""
    assert add_letter(collector, ROW)
    assert find_letter(collector, ROW.letter_id) == ROW
    assert find_edition(collector, "slug") == ROW
    assert find_edition(collector, "slug", 1) == ROW
    assert find_edition(collector, "slug", 2) is None
    assert find_letter(collector, bytes(31)) is None


def test_each_edition_is_there_once(collector: Connection) -> None:
    """Another letter with the same slug and edition is refused, whatever its id."""
    assert add_letter(collector, ROW)
    assert not add_letter(collector, replace(ROW, letter_id=b"2" * 32))
    assert not add_letter(collector, replace(ROW, edition=2))
    assert list_letters(collector) == [ROW]


def test_the_newest_edition_is_found(collector: Connection) -> None:
    """Whatever the order in which they were stored."""
    for edition in (2, 10, 9):
        add_letter(collector, replace(ROW, letter_id=bytes([edition]) * 32, edition=edition))
    newest = find_edition(collector, "slug")
    assert newest is not None
    assert newest.edition == 10


def test_letters_are_listed_by_slug_and_edition(collector: Connection) -> None:
    """Ended ones can be left out."""
    for number, (slug, edition, active) in enumerate(
        (("b", 1, True), ("a", 2, True), ("a", 1, False))
    ):
        row = replace(
            ROW, letter_id=bytes([number]) * 32, slug=slug, edition=edition, active=active
        )
        add_letter(collector, row)
    names = [(row.slug, row.edition) for row in list_letters(collector)]
    assert names == [("a", 1), ("a", 2), ("b", 1)]
    assert [row.edition for row in list_letters(collector, only_active=True)] == [2, 1]


def test_a_stage_is_stored(collector: Connection) -> None:
    """Only of the letter that is meant."""
    other = replace(ROW, letter_id=b"2" * 32, edition=2)
    add_letter(collector, ROW)
    add_letter(collector, other)
    put_stage(collector, ROW.letter_id, stage='{"x":1}', epochs=7, epoch_at=9, at=10, active=False)
    found = find_letter(collector, ROW.letter_id)
    assert found == replace(ROW, stage='{"x":1}', epochs=7, epoch_at=9, at=10, active=False)
    assert find_letter(collector, other.letter_id) == other


def test_documents_are_stored_together(collector: Connection) -> None:
    """By hash, however many are asked for at once; those that are missing are left out."""
    contents = {hashlib.sha256(b"%d" % i).digest(): b"%d" % i for i in range(300)}
    put_documents(collector, contents)
    put_documents(collector, contents)
    put_documents(collector, {})
    assert find_documents(collector, [*contents, bytes(32)]) == contents
    assert find_documents(collector, []) == {}


def test_documents_are_found_by_their_hash(collector: Connection) -> None:
    """Storing one twice is no error; taking it away leaves nothing."""
    digest = put_document(collector, b"words")
    assert digest == hash_bytes(b"words")
    assert put_document(collector, b"words") == digest
    assert find_document(collector, digest) == b"words"
    delete_document(collector, digest)
    assert find_document(collector, digest) is None


def test_history_is_by_epoch(collector: Connection) -> None:
    """In the order of the epochs, of one letter."""
    for n in (2, 10, 1):
        add_history(collector, ROW.letter_id, n=n, at=n, size=n, counts="{}")
    add_history(collector, b"2" * 32, n=1, at=1, size=1, counts="{}")
    assert [row[0] for row in list_history(collector, ROW.letter_id)] == [1, 2, 10]
