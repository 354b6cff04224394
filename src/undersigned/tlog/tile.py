"""Tiles: how a log's tree and entries are cut into files (c2sp.org/tlog-tiles, read in July 2026).

A tile at level L holds up to 256 consecutive hashes of complete subtrees of 256**L leaves; an entry
bundle holds the entries under one tile of level 0. A full tile never changes. A partial one
(`.p/<W>`) exists only at the right edge of a tree, is never empty, and is never hashed into the
level above.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Final, Literal

from undersigned.errors import FormatError
from undersigned.tlog.merkle import HASH_SIZE, MAX_TREE_SIZE, node_hash

FULL_WIDTH: Final = 256
ENTRIES: Final = "entries"
MAX_LEVEL: Final = 63
MAX_INDEX: Final = MAX_TREE_SIZE // FULL_WIDTH
"""No level of a tree of fewer than 2**63 leaves has more tiles."""
MAX_ENTRY_SIZE: Final = 2**16 - 1
"""Largest entry in bytes: its length is written as a uint16."""
MAX_BUNDLE_SIZE: Final = FULL_WIDTH * (2 + MAX_ENTRY_SIZE)
"""Largest entry bundle in bytes; nobody need read further."""
CACHED_TILES: Final = 256
"""Tiles that a reader keeps: at most some 12 MiB; enough for 65,536 neighbouring leaves."""

_TILE_HEIGHT = 8
_MAX_PATH_SIZE = 64
_PATH = re.compile(
    r"tile/(entries|0|[1-9][0-9]?)/((?:x[0-9]{3}/)*[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?"
)


@dataclass(frozen=True, slots=True)
class TilePath:
    """Which tile: its level (`ENTRIES` for an entry bundle), its index, how many it holds."""

    level: int | Literal["entries"]
    index: int
    width: int = FULL_WIDTH

    def __post_init__(self) -> None:
        if self.level != ENTRIES and not 0 <= self.level <= MAX_LEVEL:
            raise ValueError("A tile's level is 0 to 63.")
        if not (0 <= self.index <= MAX_INDEX and 1 <= self.width <= FULL_WIDTH):
            raise ValueError("A tile's index or width is out of bounds.")

    @property
    def is_partial(self) -> bool:
        """Whether the tile is not full, so that it exists only in trees of some sizes."""
        return self.width != FULL_WIDTH

    @property
    def full(self) -> "TilePath":
        """The full tile that this one is, or will become."""
        return TilePath(self.level, self.index)


def parse_tile_path(text: str) -> TilePath:
    """Parse `tile/<L>/<N>[.p/<W>]`, where L is 0 to 63 or `entries`; raises FormatError."""
    match = _PATH.fullmatch(text) if len(text) <= _MAX_PATH_SIZE else None
    if match is None:
        raise FormatError("The path does not name a tile.")
    level, groups, width = match.groups()
    index = int(groups.replace("/", "").replace("x", ""))
    if groups.startswith("x000/") or index > MAX_INDEX:
        raise FormatError("The path does not name a tile: its index is not canonical.")
    if level != ENTRIES and int(level) > MAX_LEVEL:
        raise FormatError("The path does not name a tile: its level is over 63.")
    if width is not None and int(width) >= FULL_WIDTH:
        raise FormatError("The path does not name a tile: a partial one is 1 to 255 wide.")
    return TilePath(
        ENTRIES if level == ENTRIES else int(level),
        index,
        FULL_WIDTH if width is None else int(width),
    )


def format_tile_path(path: TilePath) -> str:
    """Return a tile's path below the log's prefix, with index 1234067 as `x001/x234/067`."""
    index, last = divmod(path.index, 1000)
    groups = [f"{last:03}"]
    while index:
        index, group = divmod(index, 1000)
        groups.append(f"x{group:03}")
    suffix = f".p/{path.width}" if path.is_partial else ""
    return f"tile/{path.level}/{'/'.join(reversed(groups))}{suffix}"


def parse_hash_tile(data: bytes, width: int) -> tuple[bytes, ...]:
    """Cut a hash tile into its `width` (1 to 256) hashes of 32 bytes; raises FormatError."""
    if len(data) != width * HASH_SIZE:
        raise FormatError("The tile does not hold as many hashes as its width says.")
    return tuple(data[i : i + HASH_SIZE] for i in range(0, len(data), HASH_SIZE))


def format_hash_tile(hashes: Sequence[bytes]) -> bytes:
    """Return the tile of 1 to 256 hashes of 32 bytes."""
    if not 1 <= len(hashes) <= FULL_WIDTH or any(len(digest) != HASH_SIZE for digest in hashes):
        raise ValueError("A tile holds 1 to 256 hashes of 32 bytes.")
    return b"".join(hashes)


def parse_entry_bundle(data: bytes, width: int) -> tuple[bytes, ...]:
    """Cut an entry bundle into its `width` (1 to 256) entries; raises FormatError."""
    entries: list[bytes] = []
    start = 0
    for _ in range(width):
        body = start + 2
        end = body + int.from_bytes(data[start:body], "big")
        if max(body, end) > len(data):
            raise FormatError("The entry bundle ends inside an entry.")
        entries.append(data[body:end])
        start = end
    if start != len(data):
        raise FormatError("The entry bundle goes on after its last entry.")
    return tuple(entries)


def format_entry_bundle(entries: Sequence[bytes]) -> bytes:
    """Return the bundle of 1 to 256 entries: each as its uint16 big-endian length and its bytes."""
    if not 1 <= len(entries) <= FULL_WIDTH or any(len(e) > MAX_ENTRY_SIZE for e in entries):
        raise ValueError("A bundle holds 1 to 256 entries of at most 65,535 bytes.")
    return b"".join(len(entry).to_bytes(2, "big") + entry for entry in entries)


def tiles_of(size: int) -> Iterator[TilePath]:
    """Yield every tile and entry bundle of the tree of `size` leaves, full and partial.

    Lazily, since a size from outside may be absurd: bundles first, then hashes from level 0 up,
    each level from left to right.
    """
    for level, count in _levels(size):
        yield from (TilePath(level, index) for index in range(count // FULL_WIDTH))
        yield from _edge(level, count)


def new_full_tiles(old_size: int, new_size: int) -> Iterator[TilePath]:
    """Yield every tile and bundle that is full at `new_size` leaves and was not at `old_size`."""
    if not 0 <= old_size <= new_size:
        raise ValueError("A tree does not shrink.")
    old_counts = dict(_levels(old_size))
    for level, count in _levels(new_size):
        old = old_counts.get(level, 0)
        yield from (
            TilePath(level, index) for index in range(old // FULL_WIDTH, count // FULL_WIDTH)
        )


def partial_tiles(size: int) -> tuple[TilePath, ...]:
    """Return the partial tiles and the partial bundle (at most one a level) at `size` leaves."""
    return tuple(path for level, count in _levels(size) for path in _edge(level, count))


class TileReader:
    """Reads hashes of complete subtrees out of the tiles of one tree: it is a `HashReader`.

    It asks `fetch` for the tiles of the tree of exactly `size` leaves; where that is a partial
    tile, `fetch` may answer with the full one instead, since a log may drop partial tiles that have
    filled up. Raises FormatError if a tile is malformed, and lets through what `fetch` raises. The
    tiles are NOT authenticated here: whoever does not own them compares the root with a checkpoint.
    """

    def __init__(
        self, fetch: Callable[[TilePath], bytes], size: int, cached_tiles: int = CACHED_TILES
    ) -> None:
        self.size = size
        self._tile = lru_cache(cached_tiles)(partial(_load, fetch))

    def __call__(self, level: int, index: int) -> bytes:
        """Return the 32-byte hash of the complete subtree (level, index) of this tree."""
        if not (level >= 0 and index >= 0 and (index + 1) << level <= self.size):
            raise ValueError("The tree has no such complete subtree.")
        tile_level, height = divmod(level, _TILE_HEIGHT)
        number, offset = divmod(index, FULL_WIDTH >> height)
        return self._tile(self._path(tile_level, number)).node(height, offset)

    def _path(self, level: int, index: int) -> TilePath:
        count = self.size >> (_TILE_HEIGHT * level)
        return TilePath(level, index, min(FULL_WIDTH, count - index * FULL_WIDTH))


class _Tile:
    """A parsed tile; the rows of hashes above its own are computed when first asked for."""

    __slots__ = ("_rows",)

    def __init__(self, hashes: tuple[bytes, ...]) -> None:
        self._rows = [hashes]

    def node(self, height: int, offset: int) -> bytes:
        while len(self._rows) <= height:
            below = self._rows[-1]
            pairs = zip(below[::2], below[1::2], strict=False)
            self._rows.append(tuple(node_hash(left, right) for left, right in pairs))
        return self._rows[height][offset]


def _load(fetch: Callable[[TilePath], bytes], path: TilePath) -> _Tile:
    data = fetch(path)
    if len(data) == FULL_WIDTH * HASH_SIZE:
        # A full tile begins with every partial tile that it has been.
        data = data[: path.width * HASH_SIZE]
    return _Tile(parse_hash_tile(data, path.width))


def _levels(size: int) -> Iterator[tuple[int | Literal["entries"], int]]:
    """Yield each level of the tree that is not empty, and how many entries or hashes it has."""
    if size:
        yield ENTRIES, size
    level = 0
    while size:
        yield level, size
        level += 1
        size //= FULL_WIDTH


def _edge(level: int | Literal["entries"], count: int) -> Iterator[TilePath]:
    full, width = divmod(count, FULL_WIDTH)
    if width:
        yield TilePath(level, full, width)
