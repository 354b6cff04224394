"""Drafts: the newest version is the only one, and is written over by who has read it."""

from collections.abc import Iterator

import pytest
from tests.store.conftest import MakeDatabase

from undersigned.store.database import Connection
from undersigned.store.drafts import (
    DraftRow,
    add_draft,
    delete_draft,
    find_draft,
    list_drafts,
    put_draft,
    put_letter_id,
)

ONE = DraftRow(b"1" * 16, "mill", 1, b"{}", 1, b"a" * 16, 100, None)
TWO = ONE._replace(draft=b"2" * 16, slug="", updated_at=200)


@pytest.fixture
def desk(make_database: MakeDatabase) -> Iterator[Connection]:
    """A transaction in the empty database of a desk."""
    database = make_database("desk")
    database.migrate()
    with database.write() as connection:
        yield connection


def test_drafts_are_found_and_listed(desk: Connection) -> None:
    """The one that was worked on last first; a slug may be there twice, or not yet."""
    assert find_draft(desk, ONE.draft) is None
    assert add_draft(desk, ONE)
    assert add_draft(desk, TWO)
    assert not add_draft(desk, ONE)
    assert find_draft(desk, ONE.draft) == ONE
    assert list_drafts(desk) == [TWO, ONE]
    delete_draft(desk, TWO.draft)
    assert list_drafts(desk) == [ONE]


def test_a_version_is_replaced_once(desk: Connection) -> None:
    """Of two who have read the same one, the second changes nothing."""
    add_draft(desk, ONE)
    newer = ONE._replace(version=2, fields=b'{"rule":"5"}', updated_by=b"b" * 16)
    other = ONE._replace(version=2, fields=b'{"rule":"6"}')
    assert put_draft(desk, newer, before=1)
    assert not put_draft(desk, other, before=1)
    assert find_draft(desk, ONE.draft) == newer


def test_what_was_opened_is_kept_and_fixed(desk: Connection) -> None:
    """It is no draft any more, and nothing writes over it."""
    add_draft(desk, ONE)
    put_letter_id(desk, ONE.draft, b"l" * 32)
    assert list_drafts(desk) == []
    assert not put_draft(desk, ONE._replace(version=2), before=1)
    assert find_draft(desk, ONE.draft) == ONE._replace(letter_id=b"l" * 32)
