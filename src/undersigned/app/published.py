"""The published log: its checkpoint from memory until the file is another, and the tiles that it covers.

A checkpoint is published by a rename, by this process or by another one, so that one look at what the
file is tells whether it is still the same.
"""

import os
from dataclasses import dataclass

from undersigned.app.log import find_published_note, read_tile
from undersigned.app.site import Site
from undersigned.errors import FormatError, StoreError, VerificationError
from undersigned.tlog.checkpoint import Checkpoint, parse_checkpoint
from undersigned.tlog.tile import ENTRIES, FULL_WIDTH, TilePath, format_tile_path

Identity = tuple[int, int, int]
"""What a file is: its number, its time, its size."""


@dataclass(frozen=True, slots=True)
class Published:
    """A checkpoint as the world sees it, and what the file was that it was read from."""

    identity: Identity
    note: bytes
    checkpoint: Checkpoint

    def covers(self, path: TilePath) -> bool:
        """Say whether its tree has all that a tile holds."""
        level = 0 if path.level == ENTRIES else path.level
        return path.index * FULL_WIDTH + path.width <= self.checkpoint.size >> (8 * level)


class PublishedLog:
    """What the world sees of a site's log. Threads share it."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._file = site.log_folder / "checkpoint"
        self._known: Published | None = None

    def identify(self) -> Identity | None:
        """Return what the file of the checkpoint is now, without reading it; None if it is not there."""
        try:
            status = os.stat(self._file)  # noqa: PTH116 - asked with every request
        except OSError:
            return None
        return status.st_ino, status.st_mtime_ns, status.st_size

    def find(self) -> Published | None:
        """Return the published checkpoint, or None before the first. Raises StoreError."""
        # Before it is read: a file that comes in between is taken for another one at the next look.
        identity = self.identify()
        known = self._known
        if known is not None and known.identity == identity:
            return known
        note = find_published_note(self._site)
        if note is None or identity is None:
            return None
        try:
            checkpoint = parse_checkpoint(note, self._site.keys.log.verifier)
        except (FormatError, VerificationError):
            raise StoreError("the published checkpoint is damaged") from None
        self._known = Published(identity, note, checkpoint)
        return self._known

    def find_tile(self, path: TilePath) -> bytes | None:
        """Return a tile that the published checkpoint covers, or None if it does not. Raises StoreError.

        It comes from its file if it is full and there, otherwise from the database.
        """
        published = self.find()
        if published is None or not published.covers(path):
            return None
        if not path.is_partial:
            try:
                return (self._site.log_folder / format_tile_path(path)).read_bytes()
            except FileNotFoundError:
                pass
        with self._site.collector.read() as connection:
            return read_tile(connection, path)
