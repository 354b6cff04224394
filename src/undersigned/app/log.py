"""Appending to the log, and publishing what was appended.

The order of writing, and what a crash leaves after each step:

1. One transaction: entries leave `pending` for the log, and `UPDATE checkpoint WHERE size = old`. A
   crash before the commit leaves everything as it was; the commit is the moment at which the log grows.
2. Full tiles and bundles to files, each synced. A crash leaves some missing; `publish` writes them at
   the next start, from the database.
3. The witnesses of the site's policy cosign the checkpoint. A crash loses cosignatures that nobody has
   seen; they are asked for again, and a witness that has stored this checkpoint cosigns it once more.
   Without the policy's quorum the writing ends here, and goes on later.
4. The checkpoint to `log/checkpoint`, by rename. That file is what the world sees and the guard that
   remembers how far it saw: a database that is behind it has been restored from a back-up, and the
   site does not start, since it would tell a second history. A crash before this step leaves the old
   checkpoint published, which is the same log, shorter.
"""

import fcntl
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from undersigned.app.site import Site
from undersigned.domain.record import (
    EraseRecord,
    InvalidateRecord,
    Record,
    format_record,
    parse_record,
)
from undersigned.errors import FormatError, RolledBack, StoreError, VerificationError
from undersigned.files import replace_file
from undersigned.store import log as log_store
from undersigned.store import moments as moment_store
from undersigned.store import remarks as remark_store
from undersigned.store.database import Connection
from undersigned.store.moments import PublishedRow
from undersigned.store.remarks import RemarkRow
from undersigned.tlog.checkpoint import Checkpoint, format_checkpoint_body, parse_checkpoint
from undersigned.tlog.merkle import (
    Frontier,
    HashReader,
    consistency_proof,
    leaf_hash,
    tree_root,
)
from undersigned.tlog.note import format_signatures, parse_note
from undersigned.tlog.policy import find_cosignatures
from undersigned.tlog.tile import (
    ENTRIES,
    FULL_WIDTH,
    TilePath,
    TileReader,
    format_entry_bundle,
    format_tile_path,
    new_full_tiles,
)
from undersigned.witness.tree import Tree

HASH_SIZE = 32


class Batch:
    """Entries that one transaction appends, in order."""

    def __init__(self, connection: Connection, site: Site) -> None:
        row = log_store.find_checkpoint(connection)
        if row is None:
            raise StoreError("the database has no checkpoint")
        self._connection = connection
        self._site = site
        self.start = row.size
        self._root = row.root
        self.entries: list[bytes] = []
        self.hashes: list[bytes] = []

    @property
    def next_index(self) -> int:
        """The leaf index that the next record will have."""
        return self.start + len(self.entries)

    def add(self, record: Record) -> int:
        """Append a record; return its leaf index."""
        return self.add_entry(format_record(record))

    def add_entry(self, entry: bytes, digest: bytes | None = None) -> int:
        """Append canonical bytes (with their leaf hash, if it is known); return the leaf index."""
        index = self.next_index
        self.entries.append(entry)
        self.hashes.append(leaf_hash(entry) if digest is None else digest)
        return index

    def take_back(self, size: int) -> None:
        """Forget what was added since the batch had `size` entries."""
        del self.entries[size:], self.hashes[size:]

    def write(self) -> None:
        """Move the checkpoint and write the entries. Raises StaleCheckpoint, StoreError."""
        frontier = Frontier.read(self.start, hash_reader(self._connection, self.start))
        if frontier.root() != self._root:
            # Signing over a damaged tile would fork the log.
            raise StoreError("the tiles in the database do not have the root that was signed")
        tiles: dict[tuple[int, int], bytes] = {}
        for digest in self.hashes:
            for level, index, node in frontier.append(digest):
                tile_level, height = divmod(level, 8)
                if height == 0:
                    self._add_to_tile(tiles, tile_level, index, node)
        root = frontier.root()
        row = log_store.CheckpointRow(
            frontier.size, root, sign_checkpoint(self._site, frontier.size, root)
        )
        log_store.advance_checkpoint(self._connection, self.start, row)
        log_store.add_entries(self._connection, self.start, self.entries, self.hashes)
        log_store.put_tiles(self._connection, tiles)
        remark_store.add_remarks(self._connection, _remarks_in(self.start, self.entries))

    def _add_to_tile(
        self, tiles: dict[tuple[int, int], bytes], level: int, index: int, node: bytes
    ) -> None:
        number, offset = divmod(index, FULL_WIDTH)
        held = tiles.get((level, number))
        if held is None:
            held = log_store.find_tile(self._connection, level, number) if offset else b""
        if held is None or len(held) != offset * HASH_SIZE:
            raise StoreError("a tile of the log in the database is damaged")
        tiles[level, number] = held + node


_ABOUT_A_LEAF: Final = b'{"leaf":'
"""Canonical JSON begins with its first member: of all records only an organiser's about one signature
have this one. Where there are many others, none of them is parsed."""


def _remarks_in(first: int, entries: Iterable[bytes]) -> list[RemarkRow]:
    """Return what organisers say of single signatures, in entries from the index `first` on."""
    remarks = []
    for index, entry in enumerate(entries, first):
        record = parse_record(entry) if entry.startswith(_ABOUT_A_LEAF) else None
        match record:
            case InvalidateRecord(letter_id, leaf, reason, text):
                row = RemarkRow(index, leaf, letter_id, "invalidate", reason.value, text)
                remarks.append(row)
            case EraseRecord(letter_id, leaf, reason):
                remarks.append(RemarkRow(index, leaf, letter_id, "erase", reason.value, None))
    return remarks


def sign_checkpoint(site: Site, size: int, root: bytes) -> str:
    """Return the signed note of a checkpoint."""
    body = format_checkpoint_body(Checkpoint(site.origin, size, root))
    return f"{body}\n{site.keys.log.sign(body.encode()).decode()}"


def read_tile(connection: Connection, path: TilePath) -> bytes:
    """Cut a tile or an entry bundle out of the database. Raises StoreError if it is not there."""
    if path.level == ENTRIES:
        first = path.index * FULL_WIDTH
        entries = log_store.read_entries(connection, first, first + path.width)
        if len(entries) != path.width:
            raise StoreError("the log has no such entries")
        return format_entry_bundle(entries)
    hashes = log_store.find_tile(connection, path.level, path.index)
    if hashes is None or len(hashes) < path.width * HASH_SIZE:
        raise StoreError("the log has no such tile")
    return hashes[: path.width * HASH_SIZE]


def hash_reader(connection: Connection, size: int) -> HashReader:
    """Return what reads the hashes of the tree of `size` leaves."""
    return TileReader(lambda path: read_tile(connection, path), size)


def find_published_note(site: Site) -> bytes | None:
    """Return the signed note that the world sees as the checkpoint, or None before the first.

    Read it once for what is answered from it: the next call may find a newer one. Raises StoreError.
    """
    try:
        return (site.log_folder / "checkpoint").read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise StoreError(f"the published checkpoint cannot be read: {error.strerror}") from None


def find_published(site: Site) -> Checkpoint | None:
    """Return the checkpoint that the world has seen, or None before the first.

    Raises StoreError, and FormatError or VerificationError if the file is damaged.
    """
    note = find_published_note(site)
    return None if note is None else parse_checkpoint(note, site.keys.log.verifier)


def is_published(site: Site) -> bool:
    """Say whether the world sees the newest checkpoint of the database."""
    with site.collector.read() as connection:
        row = log_store.find_checkpoint(connection)
    # Cosignatures may follow the log's own signature.
    return row is not None and (find_published_note(site) or b"").startswith(row.note.encode())


def find_cosigners(site: Site) -> dict[str, int]:
    """Return which witnesses have cosigned what is published, with their times. Raises StoreError."""
    note = find_published_note(site)
    if note is None or site.witnesses is None:
        return {}
    try:
        return find_cosignatures(site.witnesses.policy, parse_note(note))
    except (FormatError, VerificationError):
        raise StoreError("the published checkpoint is damaged") from None


def wants_publishing(site: Site) -> bool:
    """Say whether the world does not see the newest checkpoint, or could see more cosignatures."""
    if not is_published(site):
        return True
    note = find_published_note(site)
    if note is None or site.witnesses is None:
        return False
    return site.witnesses.is_anyone_due(find_cosigners(site))


def publish(site: Site, *, at_start: bool = False) -> Checkpoint | None:
    """Show the world the log as the database has it: steps 2 to 4 of the order of writing.

    Returns what the world sees, which is the older checkpoint (None before the first) as long as the
    quorum of witnesses is missing. `at_start` asks every witness, also where all is published. Raises
    RolledBack if the world has seen more, or something else, than the database holds; WitnessAhead or
    LogForked if a witness has.
    """
    with _publishing(site):
        return _publish(site, at_start=at_start)


def publish_now(site: Site) -> None:
    """Publish, unless witnesses are asked: that has a loop of its own, for which nobody waits.

    Raises RolledBack, StoreError.
    """
    if site.witnesses is None:
        publish(site)


def catch_up(site: Site) -> None:
    """Show in this folder what another process has published from another one: steps 2 and 4.

    Where the processes share a folder there is nothing to do. Raises RolledBack, StoreError.
    """
    if not _is_behind(site):
        return
    with _publishing(site), site.collector.read() as connection:
        # Read again: who shares the folder may have published meanwhile.
        row = moment_store.find_published(connection)
        seen, note = find_published(site), find_published_note(site) or b""
        # Of two notes of one tree the longer one has more cosignatures.
        if row is None or (row.size, len(row.note)) <= (seen.size if seen else 0, len(note)):
            return
        newest = parse_checkpoint(row.note.encode(), site.keys.log.verifier)
        _write_tiles(site, connection, seen, newest)
        _write_file(site.log_folder / "checkpoint", row.note.encode())
    # The other's commit may have been noticed before this file was there.
    site.collector.note_shown()


def _is_behind(site: Site) -> bool:
    with site.collector.read() as connection:
        row = moment_store.find_published(connection)
    return row is not None and row.note.encode() != find_published_note(site)


def _write_tiles(
    site: Site, connection: Connection, seen: Checkpoint | None, newest: Checkpoint
) -> None:
    """Write the tiles that became full since `seen`. Raises RolledBack, StoreError."""
    if seen == newest:
        return
    check_guard(connection, seen, newest)
    for path in new_full_tiles(seen.size if seen else 0, newest.size):
        _write_file(site.log_folder / format_tile_path(path), read_tile(connection, path))


@contextmanager
def _publishing(site: Site) -> Iterator[None]:
    """Hold the lock without which two processes could publish in the wrong order."""
    try:
        descriptor = os.open(site.log_folder / ".lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise StoreError(f"{site.log_folder} cannot be written: {error.strerror}") from None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _publish(site: Site, *, at_start: bool) -> Checkpoint | None:
    seen = find_published(site)
    with site.collector.read() as connection:
        row = log_store.find_checkpoint(connection)
        if row is None:
            raise StoreError("the database has no checkpoint")
        newest = Checkpoint(site.origin, row.size, row.root)
        _write_tiles(site, connection, seen, newest)
    if seen != newest:
        # After a crash the database may have shown what no standby has; the world must not see that.
        site.collector.vouch()
    # Without a transaction: the witnesses take their time.
    note = _cosigned(site, newest, row.note.encode(), at_start=at_start)
    if note is None:
        return seen
    if note != find_published_note(site):
        _write_file(site.log_folder / "checkpoint", note)
        # After this step a crash leaves a published checkpoint that is not kept; a later one proves the same.
        _keep_published(site, newest.size, note)
    return newest


def _keep_published(site: Site, size: int, note: bytes) -> None:
    with site.collector.write() as connection:
        moment_store.put_published(connection, PublishedRow(size, note.decode()))


def _cosigned(site: Site, newest: Checkpoint, note: bytes, *, at_start: bool) -> bytes | None:
    """Return the note that is to be published; None if that is not for now, or not for this process."""
    published = find_published_note(site) or b""
    if site.witnesses is None:
        if not is_cosigned(published):
            return note
        # The process that was given the policy publishes.
        return published if published.startswith(note) else None
    signatures = site.witnesses.gather(_tree(site, newest, note), published, at_start=at_start)
    if signatures is None:
        return published if published.startswith(note) else None
    return note + format_signatures(signatures)


def is_cosigned(note: bytes) -> bool:
    """Say whether somebody else than the log has signed a note."""
    return bool(note) and len(parse_note(note).signatures) > 1


def _tree(site: Site, checkpoint: Checkpoint, note: bytes) -> Tree:
    """Return what witnesses are asked to cosign; proofs are read from the database when they are asked."""

    def prove(old: int) -> tuple[bytes, ...]:
        with site.collector.read() as connection:
            return consistency_proof(old, checkpoint.size, hash_reader(connection, checkpoint.size))

    def root_of(size: int) -> bytes:
        with site.collector.read() as connection:
            return tree_root(size, hash_reader(connection, checkpoint.size))

    return Tree(site.keys.log.verifier, checkpoint, note, prove, root_of)


def check_guard(connection: Connection, seen: Checkpoint | None, newest: Checkpoint) -> None:
    """Check that the database continues what was published. Raises RolledBack."""
    if seen is None:
        return
    if seen.size > newest.size:
        raise RolledBack(
            f"the log was published with {seen.size} records, and this database has "
            f"{newest.size}: it is older, probably a restored back-up. Starting would tell a "
            "second history. Put the newer database back"
        )
    if tree_root(seen.size, hash_reader(connection, seen.size)) != seen.root:
        raise RolledBack(
            "the log in this database differs from the one that was published. Starting would tell "
            "a second history. Put the database back that belongs to this folder"
        )


def _write_file(path: Path, data: bytes) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"{path.parent} cannot be written: {error.strerror}") from None
    replace_file(path, data)
