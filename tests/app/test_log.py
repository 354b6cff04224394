"""The log: whatever stops the writing, and wherever, the same log is there after the next start."""

import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from tests.app.village import HOST, START, Village
from tests.postgresql import on_both_engines

from undersigned.app import log as module
from undersigned.app.letters import Letters
from undersigned.app.log import (
    Batch,
    find_published,
    hash_reader,
    is_published,
    publish,
    read_tile,
)
from undersigned.app.proving import find_proof
from undersigned.app.sequencing import sequence
from undersigned.app.site import Site, make_site, open_site
from undersigned.domain.letter import Mode
from undersigned.domain.record import SignRecord
from undersigned.errors import (
    FormatError,
    RolledBack,
    StaleCheckpoint,
    StoreError,
    UnknownLeaf,
    VerificationError,
)
from undersigned.files import replace_file
from undersigned.store import log as log_store
from undersigned.tlog.merkle import EMPTY_ROOT, leaf_hash, tree_root
from undersigned.tlog.proof import parse_proof, verify_proof
from undersigned.tlog.tile import ENTRIES, TilePath, format_tile_path, new_full_tiles


@pytest.fixture
def site(tmp_path: Path, database: str | None) -> Iterator[Site]:
    """A new site with an empty log."""
    made = make_site(tmp_path / "data", HOST, own_clock=START, address=database)
    yield made
    made.close()


def _entry(index: int) -> bytes:
    return f"entry {index}".encode()


def _append(site: Site, count: int) -> int:
    """Append so many entries in one transaction, and publish nothing; return the size of the log."""
    with site.collector.write() as connection:
        batch = Batch(connection, site)
        for _ in range(count):
            batch.add_entry(_entry(batch.next_index))
        batch.write()
        return batch.next_index


def _size(site: Site) -> int:
    with site.collector.read() as connection:
        checkpoint = log_store.find_checkpoint(connection)
    assert checkpoint is not None
    return checkpoint.size


def _files(site: Site) -> dict[str, bytes]:
    """Return what is in the log's folder, but for locks and parts of files."""
    return {
        str(path.relative_to(site.log_folder)): path.read_bytes()
        for path in site.log_folder.rglob("*")
        if path.is_file() and path.suffix != ".part" and path.name != ".lock"
    }


def _check_whole(site: Site, size: int) -> None:
    """Check that the published log is all of the database's, tile by tile and down to the root."""
    published = find_published(site)
    assert published is not None
    assert published.size == size == _size(site)
    full = {format_tile_path(path): path for path in new_full_tiles(0, size)}
    files = _files(site)
    assert files.keys() == {*full, "checkpoint"}
    with site.collector.read() as connection:
        for name, path in full.items():
            assert files[name] == read_tile(connection, path), name
        assert tree_root(size, hash_reader(connection, size)) == published.root
        assert log_store.read_entries(connection, 0, size) == [_entry(i) for i in range(size)]


# --- appending


@pytest.mark.parametrize("sizes", [(1,), (1, 1, 1), (255, 1, 1), (256, 256), (700,), (3, 650)])
def test_batches_make_one_tree(site: Site, sizes: tuple[int, ...]) -> None:
    """However many there are, and wherever they cross a tile."""
    for count in sizes:
        _append(site, count)
        publish(site)
    _check_whole(site, sum(sizes))


def test_every_leaf_has_a_proof(site: Site) -> None:
    """Across tiles, against the published checkpoint."""
    _append(site, 300)
    publish(site)
    _append(site, 330)
    publish(site)
    for index in (0, 255, 256, 299, 300, 511, 512, 629):
        leaf = leaf_hash(_entry(index))
        proof = find_proof(site, leaf)
        assert proof is not None
        verify_proof(parse_proof(proof), leaf, site.keys.log.verifier)
    with pytest.raises(UnknownLeaf):
        find_proof(site, bytes(32))


def test_what_is_not_published_has_no_proof_yet(site: Site) -> None:
    """The world has not seen it."""
    _append(site, 2)
    assert find_proof(site, leaf_hash(_entry(1))) is None
    publish(site)
    _append(site, 2)
    assert find_proof(site, leaf_hash(_entry(1))) is not None
    assert find_proof(site, leaf_hash(_entry(3))) is None


def test_what_is_not_there_cannot_be_read(site: Site) -> None:
    """Neither tiles nor entries beyond the end."""
    _append(site, 10)
    with site.collector.read() as connection:
        for path in (
            TilePath(0, 0, 11),
            TilePath(0, 1, 1),
            TilePath(1, 0, 1),
            TilePath(ENTRIES, 0, 11),
        ):
            with pytest.raises(StoreError):
                read_tile(connection, path)


@pytest.mark.parametrize("hashes", [bytes(32 * 9), bytes(32 * 10), bytes(32 * 11), b""])
def test_a_damaged_tile_stops_the_log(site: Site, hashes: bytes) -> None:
    """Nothing is signed over what does not fit together: a damaged disk must not fork the log."""
    _append(site, 10)
    with site.collector.write() as connection:
        log_store.put_tiles(connection, {(0, 0): hashes})
    with pytest.raises(StoreError):
        _append(site, 1)
    assert _size(site) == 10


@on_both_engines
def test_of_two_who_extend_the_log_one_is_told(site: Site) -> None:
    """Whoever finds the checkpoint moved appends nothing."""
    with site.collector.write() as connection:
        mine, theirs = Batch(connection, site), Batch(connection, site)
        theirs.add_entry(b"theirs")
        theirs.write()
        mine.add_entry(b"mine")
        with pytest.raises(StaleCheckpoint):
            mine.write()
    with site.collector.read() as connection:
        assert log_store.read_entries(connection, 0, 9) == [b"theirs"]


@on_both_engines
def test_two_processes_keep_one_log(village: Village) -> None:
    """Two sequencers at once: everybody who waits is in the log, once."""
    letter = village.open(rule=50)
    other = open_site(village.site.folder, village.site.collector.address)
    expected = {village.member(letter, Mode.PUBLIC).pk for _ in range(6)}
    with ThreadPoolExecutor(2) as pool:
        runs = [
            pool.submit(sequence, site, Letters(site))
            for site in (village.site, other)
            for _ in "ab"
        ]
        appended = [run.result() for run in runs]
    other.close()
    assert sorted(appended) == [0, 0, 0, 13]
    found = [each.pk for each in village.records(letter) if isinstance(each, SignRecord)]
    assert sorted(found) == sorted(expected)


# --- publishing


def test_publishing_writes_in_order(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tiles first and the checkpoint last: whoever reads it finds all that it covers."""
    written: list[str] = []

    def write(path: Path, data: bytes) -> None:
        written.append(str(path.relative_to(site.log_folder)))
        replace_file(path, data)

    monkeypatch.setattr(module, "replace_file", write)
    _append(site, 600)
    publish(site)
    assert written[-1] == "checkpoint"
    assert sorted(written[:-1]) == [
        "tile/0/000",
        "tile/0/001",
        "tile/entries/000",
        "tile/entries/001",
    ]
    written.clear()
    assert publish(site) == find_published(site)
    assert written == []
    _append(site, 200)
    publish(site)
    assert written[-1] == "checkpoint"
    assert sorted(written[:-1]) == ["tile/0/002", "tile/entries/002"]


def test_it_is_known_whether_all_is_published(site: Site) -> None:
    """So that an epoch that was kept back is shown later."""
    assert not is_published(site)
    publish(site)
    assert is_published(site)
    _append(site, 1)
    assert not is_published(site)


class Crash(BaseException):
    """The end of the process, at the worst moment."""


def _crash_at(place: int, *, after: bool) -> Callable[[Path, bytes], None]:
    """Return what writes files until that one, before or after which the process ends."""
    count = 0

    def write(path: Path, data: bytes) -> None:
        nonlocal count
        count += 1
        if count == place and not after:
            path.with_name(path.name + ".part").write_bytes(data[: len(data) // 2])
            raise Crash
        replace_file(path, data)
        if count == place:
            raise Crash

    return write


@pytest.mark.parametrize("place", range(1, 6))
@pytest.mark.parametrize("after", [False, True])
def test_a_crash_while_publishing_is_made_good(
    site: Site, monkeypatch: pytest.MonkeyPatch, place: int, after: bool
) -> None:
    """Before and after each file: what the world sees is the old log or the new one, then the new."""
    _append(site, 100)
    publish(site)
    _append(site, 500)
    with monkeypatch.context() as patch:
        patch.setattr(module, "replace_file", _crash_at(place, after=after))
        with pytest.raises(Crash):
            publish(site)
    seen = find_published(site)
    assert seen is not None
    assert seen.size == (600 if (place, after) == (5, True) else 100)
    site.close()
    again = open_site(site.folder)
    publish(again)
    _check_whole(again, 600)
    again.close()


@on_both_engines
@pytest.mark.parametrize("step", ["add_entries", "put_tiles", "advance_checkpoint"])
@pytest.mark.parametrize("after", [False, True])
def test_a_crash_in_the_transaction_leaves_everything_as_it_was(
    village: Village, monkeypatch: pytest.MonkeyPatch, step: str, after: bool
) -> None:
    """Who waits still waits, the letter is where it was, and the next time all goes well."""
    letter = village.open()
    villagers = village.members(letter, 4)
    village.withdraw(villagers[0])
    entries, waiting = village.entries(), village.waiting(letter)
    real = getattr(log_store, step)

    def crash(*args: object) -> None:
        if after:
            real(*args)
        raise Crash

    with monkeypatch.context() as patch:
        patch.setattr(log_store, step, crash)
        with pytest.raises(Crash):
            village.sequence()
    assert (village.entries(), village.waiting(letter)) == (entries, waiting)
    village.restart()
    village.sequence()
    assert village.waiting(letter) == {}
    assert [village.row(each).status for each in villagers] == ["withdrawn", *["live"] * 3]


@on_both_engines
def test_a_crash_between_commit_and_publishing_is_made_good_at_the_start(
    village: Village, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The log has grown, and nobody has seen it yet."""
    letter = village.open()
    village.member(letter)

    def crash(_: Site) -> None:
        raise Crash

    with monkeypatch.context() as patch:
        patch.setattr("undersigned.app.sequencing.publish", crash)
        with pytest.raises(Crash):
            village.sequence()
    seen = find_published(village.site)
    assert seen is not None
    assert (seen.size, len(village.entries())) == (3, 6)
    village.restart()
    seen = find_published(village.site)
    assert seen is not None
    assert seen.size == 6


# --- the guard


def test_a_database_that_was_put_back_is_refused(site: Site, tmp_path: Path) -> None:
    """It would tell a second history; nothing is written, and the right one is taken again."""
    _append(site, 5)
    site.close()
    shutil.copy(site.folder / "collector.db", tmp_path / "older.db")
    _append(site, 5)
    publish(site)
    files = _files(site)
    site.close()
    shutil.copy(site.folder / "collector.db", tmp_path / "newer.db")
    shutil.copy(tmp_path / "older.db", site.folder / "collector.db")
    older = open_site(site.folder)
    with pytest.raises(RolledBack, match="older"):
        publish(older)
    _append(older, 3)
    with pytest.raises(RolledBack, match="older"):
        publish(older)
    assert _files(older) == files
    older.close()
    shutil.copy(tmp_path / "newer.db", site.folder / "collector.db")
    newer = open_site(site.folder)
    publish(newer)
    newer.close()


@on_both_engines
def test_another_history_is_refused_whatever_its_length(site: Site) -> None:
    """As long as what was published, or longer."""
    _append(site, 5)
    publish(site)
    for count in (0, 7):
        with site.collector.write() as connection:
            connection.exec_driver_sql("DELETE FROM entry")
            connection.exec_driver_sql("DELETE FROM leaf")
            connection.exec_driver_sql("DELETE FROM tile")
            checkpoint = log_store.find_checkpoint(connection)
            assert checkpoint is not None
            nothing = log_store.CheckpointRow(0, EMPTY_ROOT, "")
            log_store.advance_checkpoint(connection, checkpoint.size, nothing)
            batch = Batch(connection, site)
            for index in range(5 + count):
                batch.add_entry(f"another {index}".encode())
            batch.write()
        with pytest.raises(RolledBack, match="differs"):
            publish(site)


def test_no_letter_is_opened_in_a_database_that_was_put_back(
    village: Village, tmp_path: Path
) -> None:
    """The refusal comes before anything is written."""
    database = village.site.folder / "collector.db"
    village.site.close()
    shutil.copy(database, tmp_path / "older.db")
    village.open()
    village.site.close()
    shutil.copy(tmp_path / "older.db", database)
    entries = village.entries()
    with pytest.raises(RolledBack):
        village.open("other")
    assert village.entries() == entries == []


@pytest.mark.parametrize("damage", [b"", b"nonsense", None])
def test_a_damaged_checkpoint_is_not_written_over(site: Site, damage: bytes | None) -> None:
    """It is the only one who knows what the world has seen."""
    _append(site, 5)
    publish(site)
    path = site.log_folder / "checkpoint"
    bytes_before = path.read_bytes()
    path.write_bytes(bytes_before.replace(b"5", b"4", 1) if damage is None else damage)
    damaged = path.read_bytes()
    with pytest.raises((FormatError, VerificationError)):
        publish(site)
    assert path.read_bytes() == damaged
