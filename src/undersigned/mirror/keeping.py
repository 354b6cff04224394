"""What an older mirror in the folder is good for: its tiles, and its word against a log that takes back.

A tile that is whole is not fetched again, one that a power failure cut is. The checkpoint of the older
mirror is evidence: it is written over only by one that continues it.
"""

from pathlib import Path

from undersigned.errors import FormatError, VerificationError
from undersigned.tlog.checkpoint import Checkpoint, parse_checkpoint_body
from undersigned.tlog.merkle import EMPTY_ROOT, HASH_SIZE, tree_root
from undersigned.tlog.note import MAX_NOTE_SIZE, parse_note
from undersigned.tlog.tile import (
    ENTRIES,
    MAX_BUNDLE_SIZE,
    TilePath,
    TileReader,
    format_tile_path,
    parse_entry_bundle,
    partial_tiles,
)


def find_kept(folder: Path) -> Checkpoint | None:
    """Return what the checkpoint of the mirror in a folder says, None if there is no readable one."""
    try:
        with (folder / "log" / "checkpoint").open("rb") as file:
            return parse_checkpoint_body(parse_note(file.read(MAX_NOTE_SIZE + 1)).text)
    except (FileNotFoundError, FormatError):
        return None


def check_not_shorter(before: Checkpoint | None, now: Checkpoint) -> None:
    """Check that a log has not lost entries since the older mirror. Raises VerificationError."""
    if before is None or before.origin != now.origin:
        return
    if now.size < before.size:
        raise _taken_back(
            f"the site shows a log of {now.size} entries, and this mirror has {before.size} of it"
        )
    if now.size == before.size and now.root != before.root:
        raise _taken_back(f"the site shows another log of {now.size} entries than this mirror has")


def check_continues(folder: Path, before: Checkpoint | None, now: Checkpoint) -> None:
    """Check that the tiles that are there now begin with the older tree. Raises VerificationError."""
    if before is None or before.origin != now.origin or before.size > now.size:
        return

    def fetch(path: TilePath) -> bytes:
        return (folder / "log" / format_tile_path(path)).read_bytes()

    try:
        root = tree_root(before.size, TileReader(fetch, now.size)) if before.size else EMPTY_ROOT
    except FormatError:
        # A tile that is none is kept as it was served: that is for the verifier to say.
        return
    if root != before.root:
        raise _taken_back(
            f"the first {before.size} entries that the site shows are not those of this mirror"
        )


def _taken_back(sentence: str) -> VerificationError:
    error = VerificationError(sentence)
    error.add_note(
        "keep this mirror: it is evidence; mirror into a new folder, and compare the two"
    )
    return error


def drop_outgrown(folder: Path, before: Checkpoint | None, now: Checkpoint) -> None:
    """Delete the partial tiles of the older tree that the newer one does not have."""
    if before is None:
        return
    for path in set(partial_tiles(before.size)) - set(partial_tiles(now.size)):
        (folder / "log" / format_tile_path(path)).unlink(missing_ok=True)


def is_whole(file: Path, path: TilePath) -> bool:
    """Say whether a file holds as much as this tile has."""
    try:
        with file.open("rb") as opened:
            data = opened.read(MAX_BUNDLE_SIZE + 1)
    except FileNotFoundError:
        return False
    if path.level != ENTRIES:
        return len(data) == path.width * HASH_SIZE
    try:
        parse_entry_bundle(data, path.width)
    except FormatError:
        return False
    return True
