"""The log's side of the collector's database: checkpoint, entries, leaf hashes, tiles."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import sqlalchemy as sa

from undersigned.errors import StaleCheckpoint
from undersigned.store.collector_schema import checkpoint, entry, leaf, tile
from undersigned.store.database import upsert
from undersigned.store.prepared import Insertion


class CheckpointRow(NamedTuple):
    """The newest checkpoint: number of leaves, root (32 bytes), signed note."""

    size: int
    root: bytes
    note: str


_ADD_ENTRIES = Insertion(entry)
_ADD_LEAVES = Insertion(leaf, skips=True)


def find_checkpoint(connection: sa.Connection) -> CheckpointRow | None:
    """Return the newest checkpoint, or None before the first."""
    row = connection.execute(
        sa.select(checkpoint.c.size, checkpoint.c.root, checkpoint.c.note)
    ).first()
    return CheckpointRow(*row) if row else None


def put_first_checkpoint(connection: sa.Connection, row: CheckpointRow) -> None:
    """Store the checkpoint of the empty log."""
    connection.execute(sa.insert(checkpoint).values(id=1, **row._asdict()))


def advance_checkpoint(connection: sa.Connection, old_size: int, row: CheckpointRow) -> None:
    """Move the checkpoint from `old_size` to `row`: the commit point of an epoch.

    Raises StaleCheckpoint when another process has moved it.
    """
    moved = connection.execute(
        sa.update(checkpoint)
        .where(checkpoint.c.id == 1, checkpoint.c.size == old_size)
        .values(**row._asdict())
    )
    if moved.rowcount != 1:
        raise StaleCheckpoint


def add_entries(
    connection: sa.Connection, first: int, entries: Sequence[bytes], hashes: Sequence[bytes]
) -> None:
    """Append entries with their leaf hashes, the first at index `first`."""
    _ADD_ENTRIES.run_many(connection, enumerate(entries, first))
    # The same outcome may be written twice in one second; a proof then names the first.
    leaves = {digest: index for index, digest in reversed(list(enumerate(hashes, first)))}
    _ADD_LEAVES.run_many(connection, sorted(leaves.items()))


def read_entries(connection: sa.Connection, start: int, end: int) -> list[bytes]:
    """Return the entries from `start` up to, not including, `end`."""
    rows = connection.execute(
        sa.select(entry.c.entry)
        .where(entry.c.leaf_index >= start, entry.c.leaf_index < end)
        .order_by(entry.c.leaf_index)
    )
    return [row.entry for row in rows]


def find_leaf_index(connection: sa.Connection, leaf_hash: bytes) -> int | None:
    """Return where a leaf stands in the log."""
    return connection.execute(
        sa.select(leaf.c.leaf_index).where(leaf.c.leaf_hash == leaf_hash)
    ).scalar()


def find_tile(connection: sa.Connection, level: int, index: int) -> bytes | None:
    """Return the hashes of a tile, full or as far as it goes (32 bytes each)."""
    return connection.execute(
        sa.select(tile.c.hashes).where(tile.c.level == level, tile.c.tile_index == index)
    ).scalar()


def put_tiles(connection: sa.Connection, tiles: Mapping[tuple[int, int], bytes]) -> None:
    """Store tiles by (level, index), over what they were when they were shorter."""
    for (level, index), hashes in tiles.items():
        upsert(connection, tile, {"level": level, "tile_index": index, "hashes": hashes})
