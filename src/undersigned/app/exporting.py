"""Exporting the public log into a folder, as a mirror of this site would have it (formats §11)."""

from pathlib import Path

from undersigned.app.log import read_tile
from undersigned.app.site import Site
from undersigned.crypto.note_key import format_vkey
from undersigned.domain.opening import parse_opening
from undersigned.domain.record import OpeningRecord, documents_of, parse_record
from undersigned.errors import StoreError
from undersigned.store import letters as letter_store
from undersigned.store import log as log_store
from undersigned.store import signatures as signature_store
from undersigned.store.database import Connection
from undersigned.tlog.tile import format_tile_path, tiles_of

ENTRIES_AT_ONCE = 10_000


def export_log(site: Site, folder: Path) -> int:
    """Write checkpoint, tiles and documents into an empty folder; return the log's size.

    Only what anyone may fetch is written. Raises StoreError.
    """
    with site.collector.read() as connection:
        checkpoint = log_store.find_checkpoint(connection)
        if checkpoint is None:
            raise StoreError("the database has no checkpoint")
        try:
            (folder / "documents").mkdir()
            _write(folder / "log.vkey", f"{format_vkey(site.keys.log.verifier)}\n".encode())
            _write(folder / "log" / "checkpoint", checkpoint.note.encode())
            for path in tiles_of(checkpoint.size):
                _write(folder / "log" / format_tile_path(path), read_tile(connection, path))
            _export_documents(connection, folder / "documents", checkpoint.size)
        except OSError as error:
            raise StoreError(f"{folder} cannot be written: {error.strerror}") from None
    return checkpoint.size


def _export_documents(connection: Connection, folder: Path, size: int) -> None:
    for start in range(0, size, ENTRIES_AT_ONCE):
        end = min(start + ENTRIES_AT_ONCE, size)
        for entry in log_store.read_entries(connection, start, end):
            record = parse_record(entry)
            for digest in documents_of(record):
                _export_document(connection, folder, digest)
            if isinstance(record, OpeningRecord):
                _export_blobs(connection, folder, record)


def _export_blobs(connection: Connection, folder: Path, record: OpeningRecord) -> None:
    content = letter_store.find_document(connection, record.file)
    if content is None:
        return
    for leaf in parse_opening(content).leaves:
        row = signature_store.find_signature(connection, leaf.index)
        if row is not None and row.name is not None:
            _export_document(connection, folder, row.name)


def _export_document(connection: Connection, folder: Path, digest: bytes) -> None:
    content = letter_store.find_document(connection, digest)
    if content is not None:
        _write(folder / digest.hex(), content)


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
