"""The log as bytes: its checkpoint, its entries in order, its tiles (checks 1, 3 and 4).

C2SP tlog-tiles, tlog-checkpoint and signed-note; RFC 6962 section 2.1. The tree is computed anew from
the entries: the hash tiles and the root in the checkpoint are only compared with it. Entries are handed
on bundle by bundle as they are hashed, so a log of any size is read with the memory of a few tiles.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from undersigned.crypto.note_key import ED25519, NoteKey, format_vkey, parse_vkey
from undersigned.errors import FormatError, VerificationError
from undersigned.tlog.checkpoint import Checkpoint, parse_checkpoint_body
from undersigned.tlog.merkle import (
    EMPTY_ROOT,
    HASH_SIZE,
    Frontier,
    leaf_hash,
    subtree_root,
    tree_root,
)
from undersigned.tlog.note import MAX_NOTE_SIZE, SignedNote, parse_note, verify_note
from undersigned.tlog.policy import Policy
from undersigned.tlog.tile import (
    ENTRIES,
    FULL_WIDTH,
    MAX_BUNDLE_SIZE,
    TilePath,
    TileReader,
    format_tile_path,
    parse_entry_bundle,
    parse_hash_tile,
    partial_tiles,
)
from undersigned.verify.folder import Folder
from undersigned.verify.report import Findings
from undersigned.verify.state import State
from undersigned.verify.vouching import Seen, bundle_path

MAX_VKEY_BYTES: Final = 1_024
_TILE_BITS: Final = 8

Progress = Callable[[int, int], None]
Bundle = TypeVar("Bundle")


@dataclass(frozen=True, slots=True)
class Head:
    """What the site signed, as far as it can be read: the key may be missing, the signature wrong."""

    key: NoteKey | None
    checkpoint: Checkpoint
    note: SignedNote

    @property
    def origin(self) -> str:
        """The log that this is about: the key's name, else what the checkpoint says."""
        return self.checkpoint.origin if self.key is None else self.key.name

    @property
    def vkey(self) -> str | None:
        """The key as text."""
        return None if self.key is None else format_vkey(self.key)


def read_head(
    folder: Folder, findings: Findings, pinned_vkey: str | None, policy: Policy | None = None
) -> Head | None:
    """Read the checkpoint and verify it (check 1); None if there is no readable one.

    A policy that names logs is where the key is known from, as a pinned key is.
    """
    trusted = frozenset(log.key for log in policy.logs) if policy is not None else frozenset()
    key = _read_key(folder, findings, pinned_vkey, trusted)
    try:
        data = folder.find("log/checkpoint", MAX_NOTE_SIZE)
        if data is None:
            findings.unchecked(1, "The mirror holds no log/checkpoint.")
            return None
        note = parse_note(data)
        checkpoint = parse_checkpoint_body(note.text)
    except FormatError as error:
        findings.false(1, f"The checkpoint cannot be read: {error.detail}")
        return None
    if key is not None:
        try:
            verify_note(note, (key,))
        except (VerificationError, FormatError) as error:
            findings.false(1, f"The checkpoint is not signed by {key.name}: {error.detail}")
        if checkpoint.origin != key.name:
            findings.false(
                1, f"The checkpoint is of the log {checkpoint.origin!r}, the key of {key.name!r}."
            )
    return Head(key, checkpoint, note)


def _read_key(
    folder: Folder, findings: Findings, pinned_vkey: str | None, trusted: Collection[NoteKey]
) -> NoteKey | None:
    key = _read_named_key(folder, findings, pinned_vkey, is_trusted=bool(trusted))
    if key is not None and trusted and key not in trusted:
        findings.false(1, f"The key of {key.name} is not that of a log in the policy.")
    return key


def _read_named_key(
    folder: Folder, findings: Findings, pinned_vkey: str | None, *, is_trusted: bool
) -> NoteKey | None:
    shown = _read_shown_key(folder, findings, is_needed=pinned_vkey is None)
    if pinned_vkey is None:
        if shown is not None and not is_trusted:
            findings.note(
                1,
                "The key was taken from the site itself (log.vkey): whoever can replace the whole"
                " site can replace it too. Give the key that you know.",
            )
        return shown
    try:
        pinned = _parse_log_key(pinned_vkey)
    except FormatError as error:
        findings.unchecked(1, f"The key that was given cannot be read: {error.detail}")
        return None
    if shown is not None and shown != pinned:
        findings.false(1, "The site shows another log key (log.vkey) than the one that was given.")
    return pinned


def _read_shown_key(folder: Folder, findings: Findings, *, is_needed: bool) -> NoteKey | None:
    try:
        data = folder.find("log.vkey", MAX_VKEY_BYTES)
        if data is not None:
            return _parse_log_key(data.decode("utf-8").removesuffix("\n"))
    except UnicodeDecodeError:
        findings.false(1, "log.vkey is not text.")
    except FormatError as error:
        findings.false(1, f"log.vkey cannot be read: {error.detail}")
    else:
        if is_needed:
            findings.unchecked(1, "No key was given and the mirror holds no log.vkey.")
    return None


def _parse_log_key(text: str) -> NoteKey:
    key = parse_vkey(text)
    if key.kind != ED25519:
        raise FormatError("it is a witness's key and not a log's")
    return key


class LogReader:
    """Reads the entries of one tree once, from the first to the last, and hashes them."""

    __slots__ = (
        "_findings",
        "_folder",
        "_frontier",
        "_on_progress",
        "_rows",
        "_state",
        "_tiles",
        "head",
    )

    def __init__(
        self,
        folder: Folder,
        head: Head,
        findings: Findings,
        state: State | None,
        on_progress: Progress | None,
    ) -> None:
        self._folder = folder
        self.head = head
        self._findings = findings
        self._state = state
        self._on_progress = on_progress
        self._frontier = Frontier.empty()
        self._tiles = TileReader(self._get_tile, head.checkpoint.size)
        self._rows: dict[int, bytes] = {}  # the hashes of the tile that fills, by level

    def entries(self) -> Iterator[tuple[int, bytes]]:
        """Yield every entry with its index, as far as they can be read; then make checks 3 and 4."""
        for start, entries in self._read(lambda entries: (_join_hashes(entries), entries), None):
            yield from enumerate(entries, start)

    def bundles(
        self, look: Callable[[Sequence[bytes]], Seen], ahead: Iterator[Seen | None] | None = None
    ) -> Iterator[tuple[int, Seen]]:
        """Yield what is seen in every bundle, with the index of its first entry; then checks 3 and 4.

        What comes from `ahead` is taken as it is; where nothing does, the bundle is read and looked at here.
        """
        hashed = None if ahead is None else (seen and (seen.hashes, seen) for seen in ahead)

        def look_here(entries: Sequence[bytes]) -> tuple[bytes, Seen]:
            seen = look(entries)
            return seen.hashes, seen

        return self._read(look_here, hashed)

    def _read(
        self,
        look: Callable[[Sequence[bytes]], tuple[bytes, Bundle]],
        ahead: Iterator[tuple[bytes, Bundle] | None] | None,
    ) -> Iterator[tuple[int, Bundle]]:
        size = self.head.checkpoint.size
        self._check_state_fits(size)
        self._compare_state(0, b"")
        for start in range(0, size, FULL_WIDTH):
            found = None if ahead is None else next(ahead, None)
            if found is None:
                entries = self._read_bundle(start, min(FULL_WIDTH, size - start))
                if entries is None:
                    break
                found = look(entries)
            hashes, bundle = found
            self._append(start, hashes)
            yield start, bundle
            if self._on_progress is not None:
                self._on_progress(self._frontier.size, size)
        self._close(size)

    @property
    def is_complete(self) -> bool:
        """Whether every entry of the tree has been read."""
        return self._frontier.size == self.head.checkpoint.size

    def _read_bundle(self, start: int, width: int) -> tuple[bytes, ...] | None:
        path = bundle_path(start // FULL_WIDTH, width)
        try:
            data = self._folder.find(path, MAX_BUNDLE_SIZE)
            if data is None:
                self._findings.unchecked(3, f"The mirror holds no {path}.")
                return None
            return parse_entry_bundle(data, width)
        except FormatError as error:
            self._findings.false(3, f"{path}: {error.detail}")
            return None

    def _append(self, start: int, hashes: bytes) -> None:
        """Append the leaf hashes of the bundle that begins at leaf `start`."""
        self._compare_state(start, hashes)
        leaves = parse_hash_tile(hashes, len(hashes) // HASH_SIZE)
        self._rows[0] = hashes
        if len(leaves) < FULL_WIDTH:
            for leaf in leaves:
                self._frontier.append(leaf)
            return
        for level, _, digest in self._frontier.append_subtree(_TILE_BITS, subtree_root(leaves)):
            if level % _TILE_BITS == 0:
                tile = level // _TILE_BITS
                self._rows[tile] = self._rows.get(tile, b"") + digest
        self._compare_full_tiles()

    def _compare_full_tiles(self) -> None:
        """Compare what has filled up, only now: a tile of level 1 after all below it."""
        for level, row in self._rows.items():
            if len(row) == FULL_WIDTH * HASH_SIZE:
                index = (self._frontier.size >> (_TILE_BITS * level)) // FULL_WIDTH - 1
                self._compare_tile(TilePath(level, index), row)
                self._rows[level] = b""

    def _compare_tile(self, path: TilePath, hashes: bytes) -> None:
        name = format_tile_path(path)
        try:
            data = self._folder.find(f"log/{name}", FULL_WIDTH * HASH_SIZE)
        except FormatError as error:
            self._findings.false(3, error.detail + ".")
            return
        if data is None:
            self._findings.unchecked(3, f"The mirror holds no log/{name}.")
        elif data != hashes:
            self._findings.false(3, f"log/{name} does not hold the hashes of the entries.")

    def find_root(self, size: int) -> bytes | None:
        """Return the root of the first `size` entries, once all have been read; None: it cannot be.

        It comes from the hash tiles, which were compared with the entries.
        """
        if not self.is_complete or size > self.head.checkpoint.size:
            return None
        try:
            return tree_root(size, self._tiles)
        except FormatError:
            return None

    def _get_tile(self, path: TilePath) -> bytes:
        data = self._folder.find(f"log/{format_tile_path(path)}", FULL_WIDTH * HASH_SIZE)
        if data is None:
            raise FormatError(f"the mirror holds no log/{format_tile_path(path)}")
        return data

    def _check_state_fits(self, size: int) -> None:
        state, head = self._state, self.head
        if state is None:
            self._findings.not_asked(4, "No saved state was given; this is the first look.")
            return
        if state.origin != head.origin or state.vkey != head.vkey:
            self._findings.false(
                4, f"The saved state is of the log {state.origin!r} with another origin or key."
            )
        if state.size > size:
            self._findings.false(
                4, f"The log had {state.size} entries when it was verified before; it has {size}."
            )

    def _compare_state(self, start: int, hashes: bytes) -> None:
        """Compare the tree that was seen before, if it ends in the bundle that begins at leaf `start`.

        The empty tree ends before the first: with no hashes at all.
        """
        state = self._state
        count = len(hashes) // HASH_SIZE
        least = start + 1 if count else start
        if state is None or not least <= state.size <= start + count:
            return
        frontier = self._frontier.copy()
        for at in range(0, (state.size - start) * HASH_SIZE, HASH_SIZE):
            frontier.append(hashes[at : at + HASH_SIZE])
        if frontier.root() != state.root:
            self._findings.false(
                4,
                f"The first {state.size} entries are not those that were verified before: the root"
                f" was {state.root.hex()}, theirs is {frontier.root().hex()}.",
            )

    def _close(self, size: int) -> None:
        if not self.is_complete:
            self._findings.unchecked(
                3, f"Only the first {self._frontier.size} of {size} entries could be read."
            )
            if self._state is not None and self._frontier.size < self._state.size:
                self._findings.unchecked(
                    4, f"The {self._state.size} entries that were verified before are not all here."
                )
            return
        for path in partial_tiles(size):
            if path.level != ENTRIES:
                self._compare_tile(path, self._rows[path.level])
        root = self._frontier.root() if size else EMPTY_ROOT
        if root != self.head.checkpoint.root:
            self._findings.false(
                3,
                f"The {size} entries have the root {root.hex()}, the checkpoint states"
                f" {self.head.checkpoint.root.hex()}.",
            )


def _join_hashes(entries: Sequence[bytes]) -> bytes:
    return b"".join([leaf_hash(entry) for entry in entries])
