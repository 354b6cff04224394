"""Statements written down once: the same on both databases, with the values as they are given."""

import hashlib

import pytest
import sqlalchemy as sa

from undersigned.store.collector_schema import document, tile
from undersigned.store.database import Connection
from undersigned.store.prepared import ForKeys, Insertion, Prepared

ADD = Insertion(tile)
OF_LEVEL = Prepared(
    sa.select(tile.c.tile_index, tile.c.hashes)
    .where(tile.c.level == sa.bindparam("level"))
    .order_by(tile.c.tile_index),
    "level",
)
IS_OF_LEVEL = tile.c.level == sa.bindparam("level")
OF_INDEXES = ForKeys(
    sa.select(tile.c.tile_index, tile.c.hashes).where(IS_OF_LEVEL), tile.c.tile_index, "level"
)
DELETE = ForKeys(sa.delete(tile).where(IS_OF_LEVEL), tile.c.tile_index, "level")


def test_rows_come_back_as_they_were_written(collector: Connection) -> None:
    """Numbers, and bytes of every value; a statement for no rows is none."""
    ADD.run_many(collector, [])
    assert OF_LEVEL.run(collector, 1) == []
    ADD.run_many(collector, [(1, 2, b"%s%?\x00"), (1, 1, bytes(range(256))), (2, 1, b"")])
    assert OF_LEVEL.run(collector, 1) == [(1, bytes(range(256))), (2, b"%s%?\x00")]
    assert ADD.run(collector, 3, 1, b"x") == []
    assert OF_LEVEL.run(collector, 3) == [(1, b"x")]


def test_one_key_is_written_once(collector: Connection) -> None:
    """Where it may be there, the first stays; everywhere else it is an error."""
    add = Insertion(document, skips=True)
    digest = hashlib.sha256(b"a").digest()
    add.run_many(collector, [(digest, b"a"), (digest, b"b")])
    add.run_many(collector, [(digest, b"c")])
    assert collector.execute(sa.select(document.c.content)).scalars().all() == [b"a"]
    with pytest.raises(sa.exc.IntegrityError):
        Insertion(document).run_many(collector, [(digest, b"d")])


@pytest.mark.parametrize("asked", [0, 1, 2, 8, 9, 64, 65, 256, 257, 600])
def test_any_number_of_keys_is_asked_for(collector: Connection, asked: int) -> None:
    """Each row comes once, also where the question is longer than what is asked."""
    ADD.run_many(collector, ((1, index, b"%d" % index) for index in range(0, 600, 2)))
    ADD.run_many(collector, [(2, 1, b"another level")])
    found = [tuple(row) for row in OF_INDEXES.run(collector, range(asked), 1)]
    assert sorted(found) == [(index, b"%d" % index) for index in range(0, asked, 2)]
    assert DELETE.run(collector, range(asked), 1) == []
    left = [index for index, _ in OF_LEVEL.run(collector, 1)]
    assert left == [index for index in range(0, 600, 2) if index >= asked]
    assert len(OF_LEVEL.run(collector, 2)) == 1


def test_values_are_named_in_their_order(collector: Connection) -> None:
    """A statement whose values are named otherwise is refused before it is sent."""
    query = sa.select(tile.c.hashes).where(
        tile.c.level == sa.bindparam("level"), tile.c.tile_index == sa.bindparam("index")
    )
    assert Prepared(query, "level", "index").run(collector, 1, 1) == []
    with pytest.raises(TypeError):
        Prepared(query, "index", "level").run(collector, 1, 1)
