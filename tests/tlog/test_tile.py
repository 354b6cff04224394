"""Tiles and bundles: their paths, their bytes, which of them a tree has, and trees read from them."""

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from undersigned.errors import FormatError
from undersigned.tlog.merkle import (
    MAX_TREE_SIZE,
    Frontier,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    tree_root,
    verify_consistency,
    verify_inclusion,
)
from undersigned.tlog.tile import (
    ENTRIES,
    FULL_WIDTH,
    MAX_ENTRY_SIZE,
    MAX_INDEX,
    TilePath,
    TileReader,
    format_entry_bundle,
    format_hash_tile,
    format_tile_path,
    new_full_tiles,
    parse_entry_bundle,
    parse_hash_tile,
    parse_tile_path,
    partial_tiles,
    tiles_of,
)

LARGE = 70_000  # three levels of tiles; the example of the specification
levels = st.integers(0, 63) | st.just(ENTRIES)
paths = st.builds(TilePath, levels, st.integers(0, MAX_INDEX), st.integers(1, FULL_WIDTH))


def grow() -> tuple[dict[tuple[int, int], bytes], dict[int, bytes]]:
    """Return every node of a large tree and its root at some sizes."""
    nodes: dict[tuple[int, int], bytes] = {}
    roots: dict[int, bytes] = {}
    frontier = Frontier.empty()
    for number in range(LARGE):
        if number % 997 == 0 or number % 256 <= 1:
            roots[number] = frontier.root()
        for level, index, digest in frontier.append(leaf_hash(b"%d" % number)):
            nodes[level, index] = digest
    roots[LARGE] = frontier.root()
    return nodes, roots


NODES, ROOTS = grow()


def cut(path: TilePath) -> bytes:
    """Cut a hash tile out of the large tree."""
    assert path.level != ENTRIES
    first = path.index * FULL_WIDTH
    return b"".join(NODES[8 * path.level, first + i] for i in range(path.width))


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("tile/0/x001/x234/067", TilePath(0, 1_234_067)),
        ("tile/0/000", TilePath(0, 0)),
        ("tile/63/999.p/1", TilePath(63, 999, 1)),
        ("tile/1/x001/000.p/255", TilePath(1, 1000, 255)),
        ("tile/entries/x273/112.p/112", TilePath(ENTRIES, 273_112, 112)),
    ],
)
def test_paths_of_the_specification(text: str, path: TilePath) -> None:
    """Indexes are written in groups of three digits, all but the last with an x before them."""
    assert format_tile_path(path) == text
    assert parse_tile_path(text) == path
    assert path.is_partial == (".p/" in text)
    assert path.full == TilePath(path.level, path.index)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "tile/0",
        "tile/0/",
        "tile/0/0",
        "tile/0/00",
        "tile/0/0000",
        "tile/0/1234",
        "tile/0/x001",
        "tile/0/001/002",
        "tile/0/x000/001",
        "tile/0/x001/x000",
        "tile/0/X001/000",
        "tile/00/000",
        "tile/01/000",
        "tile/64/000",
        "tile/-1/000",
        "tile/+1/000",
        "tile/0/000.p/0",
        "tile/0/000.p/01",
        "tile/0/000.p/256",
        "tile/0/000.p/",
        "tile/0/000.p",
        "tile/0/000.p/1/",
        "tile/0/000/",
        "/tile/0/000",
        "tile/0/000\n",
        "tile/0/000 ",
        "tile/0/٠٠٠",
        "tile/entry/000",
        "tile/Entries/000",
        "tile/data/000",
        "tile/0/../000",
        "tile/0/x036/x028/x797/x018/x963/968",  # 2**55, one more than any tree has
        "tile/0/" + "x999/" * 20 + "999",
    ],
)
def test_paths_that_name_no_tile(text: str) -> None:
    """A path with another spelling, level, width or index than a tile can have is refused."""
    with pytest.raises(FormatError):
        parse_tile_path(text)


@given(path=paths)
def test_paths_come_back(path: TilePath) -> None:
    """Every tile's path parses to that tile."""
    assert parse_tile_path(format_tile_path(path)) == path


@settings(max_examples=50)
@given(text=st.from_regex(r"tile/[0-9e]{1,3}/(x?[0-9]{2,4}/?){1,4}(\.p/[0-9]{1,3})?"))
def test_paths_have_one_spelling(text: str) -> None:
    """Whatever is taken as a path is exactly what would be written for that tile."""
    try:
        path = parse_tile_path(text)
    except FormatError:
        return
    assert format_tile_path(path) == text


@pytest.mark.parametrize(
    ("level", "index", "width"),
    [(64, 0, 1), (-1, 0, 1), (0, -1, 1), (0, 0, 0), (0, 0, 257), (0, MAX_INDEX + 1, 1)],
)
def test_tiles_that_cannot_be(level: int, index: int, width: int) -> None:
    """No value names a tile outside the bounds of the specification."""
    with pytest.raises(ValueError, match="tile's"):
        TilePath(level, index, width)


@given(hashes=st.lists(st.binary(min_size=32, max_size=32), min_size=1, max_size=FULL_WIDTH))
def test_hash_tiles_come_back(hashes: list[bytes]) -> None:
    """The hashes of a tile are those that were put into it, and no other width fits them."""
    data = format_hash_tile(hashes)
    assert parse_hash_tile(data, len(hashes)) == tuple(hashes)
    for wrong in (data[:-1], data + b"\0", data[32:], data + hashes[0]):
        with pytest.raises(FormatError):
            parse_hash_tile(wrong, len(hashes))


@given(entries=st.lists(st.binary(max_size=300), min_size=1, max_size=FULL_WIDTH))
def test_bundles_come_back(entries: list[bytes]) -> None:
    """The entries of a bundle, the empty one too, are those that were put into it."""
    data = format_entry_bundle(entries)
    assert parse_entry_bundle(data, len(entries)) == tuple(entries)
    with pytest.raises(FormatError, match="inside"):
        parse_entry_bundle(data[:-1], len(entries))
    for wrong in (data + b"\0", data + b"\0\0", b"\0\0" + data):
        with pytest.raises(FormatError, match="goes on"):
            parse_entry_bundle(wrong, len(entries))
    for width in (len(entries) - 1, len(entries) + 1):
        with pytest.raises(FormatError):
            parse_entry_bundle(data, width)


def test_bundle_bytes() -> None:
    """An entry is written as its length in two big-endian bytes, and its bytes."""
    assert format_entry_bundle([b"abc", b"", b"d" * 258]) == (
        b"\x00\x03abc" + b"\x00\x00" + b"\x01\x02" + b"d" * 258
    )
    largest = b"e" * MAX_ENTRY_SIZE
    assert parse_entry_bundle(format_entry_bundle([largest]), 1) == (largest,)


@given(data=st.binary(max_size=200), width=st.integers(1, FULL_WIDTH))
def test_bundles_have_one_spelling(data: bytes, width: int) -> None:
    """Whatever is taken as a bundle is exactly what would be written for its entries."""
    try:
        entries = parse_entry_bundle(data, width)
    except FormatError:
        return
    assert len(entries) == width
    assert format_entry_bundle(entries) == data


def test_contents_that_fit_no_tile() -> None:
    """The writer is stopped before it makes a tile or bundle that no reader would take."""
    for hashes in ([], [bytes(31)], [bytes(32)] * 257):
        with pytest.raises(ValueError, match="tile"):
            format_hash_tile(hashes)
    for entries in ([], [bytes(MAX_ENTRY_SIZE + 1)], [b""] * 257):
        with pytest.raises(ValueError, match="bundle"):
            format_entry_bundle(entries)


def test_tiles_of_the_specification() -> None:
    """A tree of 70,000, and one of 256, have the tiles that tlog-tiles counts."""
    hashes = [path for path in tiles_of(LARGE) if path.level != ENTRIES]
    full = [path for path in hashes if not path.is_partial]
    assert full == [*(TilePath(0, index) for index in range(273)), TilePath(1, 0)]
    assert [path for path in hashes if path.is_partial] == [
        TilePath(0, 273, 112),
        TilePath(1, 1, 17),
        TilePath(2, 0, 1),
    ]
    assert list(tiles_of(256)) == [TilePath(ENTRIES, 0), TilePath(0, 0), TilePath(1, 0, 1)]
    assert list(tiles_of(0)) == []
    assert partial_tiles(0) == ()


def widths(size: int) -> Iterator[TilePath]:
    """Yield the partial tiles of a tree, from the formula of the specification."""
    for level in range(8):
        width = size // 256**level % 256
        if width:
            yield TilePath(level, size // 256 ** (level + 1), width)


@given(size=st.integers(0, MAX_TREE_SIZE))
def test_partial_tiles_have_the_specified_width(size: int) -> None:
    """At each level the partial tile has floor(size / 256^level) mod 256 hashes, or is not there."""
    tiles = partial_tiles(size)
    assert [path for path in tiles if path.level != ENTRIES] == list(widths(size))
    bundles = [(path.index, path.width) for path in tiles if path.level == ENTRIES]
    assert bundles == [(size // 256, size % 256)] * (size % 256 > 0)


@settings(deadline=None)
@given(st.integers(0, 200_000), st.integers(0, 200_000))
def test_full_tiles_appear_once(one: int, other: int) -> None:
    """The full tiles of a tree are those of a smaller one and the new ones, with none twice."""
    old, new = sorted((one, other))
    before = [path for path in tiles_of(old) if not path.is_partial]
    after = [path for path in tiles_of(new) if not path.is_partial]
    assert sorted([*before, *new_full_tiles(old, new)], key=format_tile_path) == sorted(
        after, key=format_tile_path
    )


def test_an_enormous_tree_is_listed_lazily() -> None:
    """The tiles of an absurd size are not all made before the first is looked at."""
    assert next(tiles_of(MAX_TREE_SIZE)) == TilePath(ENTRIES, 0)
    assert next(new_full_tiles(0, MAX_TREE_SIZE)) == TilePath(ENTRIES, 0)
    with pytest.raises(ValueError, match="shrink"):
        next(new_full_tiles(2, 1))


@pytest.mark.parametrize("size", [*sorted(ROOTS)[1::23], LARGE])
def test_trees_are_read_from_tiles(size: int) -> None:
    """From exactly the tiles of a tree come its root, its proofs, and every node asked for."""
    there = set(tiles_of(size))

    def fetch(path: TilePath) -> bytes:
        assert path in there
        return cut(path)

    read = TileReader(fetch, size)
    assert tree_root(size, read) == ROOTS[size]
    for index in {0, size // 3, size // 2, size - 1}:
        proof = inclusion_proof(index, size, read)
        verify_inclusion(NODES[0, index], index, size, proof, ROOTS[size])
    for old, root in list(ROOTS.items())[::40]:
        if old <= size:
            verify_consistency(old, root, size, ROOTS[size], consistency_proof(old, size, read))


def test_every_node_of_a_tree() -> None:
    """Every complete subtree of a tree of 1,000 leaves has, read from tiles, its own hash."""
    size = 1000
    read = TileReader(cut, size)
    for level in range(size.bit_length()):
        for index in range(size >> level):
            assert read(level, index) == NODES[level, index]
        with pytest.raises(ValueError, match="no such"):
            read(level, size >> level)
    for level, index in [(-1, 0), (0, -1)]:
        with pytest.raises(ValueError, match="no such"):
            read(level, index)


def test_a_full_tile_stands_in_for_a_partial_one() -> None:
    """Where the log has dropped a partial tile, the full one that it became gives the old root."""
    read = TileReader(lambda path: cut(path.full) if path.level == 0 else cut(path), 1000)
    assert tree_root(997, read) == ROOTS[997]
    assert read(0, 999) == NODES[0, 999]
    with pytest.raises(FormatError):
        TileReader(lambda path: cut(path)[:-1], 1000)(0, 999)
    with pytest.raises(FormatError):
        TileReader(lambda path: cut(path.full)[: 32 * 200], 1000)(0, 999)


def test_tiles_are_fetched_once_and_few_are_kept() -> None:
    """A reader asks again only for tiles that it had to drop."""
    asked: list[TilePath] = []

    def fetch(path: TilePath) -> bytes:
        asked.append(path)
        return cut(path)

    read = TileReader(fetch, 1000, cached_tiles=2)
    for index in (0, 255, 1, 256, 2, 700, 256):
        read(0, index)
    assert [path.index for path in asked] == [0, 1, 2, 1]


def test_flipped_bits_in_a_tile() -> None:
    """Every flipped bit of a tile changes the root that is read from the tiles."""
    size = 300
    data = cut(TilePath(0, 1, 44))
    true_root = tree_root(size, TileReader(cut, size))
    changed = bytearray(data)

    def fetch(path: TilePath) -> bytes:
        return bytes(changed) if path.index else cut(path)

    for bit in range(len(data) * 8):
        changed[bit // 8] ^= 1 << bit % 8
        assert tree_root(size, TileReader(fetch, size)) != true_root
        changed[bit // 8] ^= 1 << bit % 8
    assert tree_root(size, TileReader(fetch, size)) == true_root


def test_flipped_bits_in_a_bundle() -> None:
    """Every flipped bit of a bundle is malformed or gives another root."""
    entries = [b"one", b"", b"three" * 3, b"four"]
    data = format_entry_bundle(entries)

    def root(data: bytes) -> bytes:
        frontier = Frontier.empty()
        for entry in parse_entry_bundle(data, len(entries)):
            frontier.append(leaf_hash(entry))
        return frontier.root()

    true_root = root(data)
    for bit in range(len(data) * 8):
        changed = bytearray(data)
        changed[bit // 8] ^= 1 << bit % 8
        try:
            assert root(bytes(changed)) != true_root
        except FormatError:
            continue
