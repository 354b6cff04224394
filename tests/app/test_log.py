"""Publishing what was appended, after a crash at each step of the order of writing."""

from pathlib import Path

import pytest
from tests.app.booth import Booth, booth_in

from undersigned.app.log import Batch, find_published, is_published, publish, read_tile
from undersigned.errors import RolledBack, StoreError
from undersigned.tlog.tile import format_tile_path, new_full_tiles

ENTRIES = 600
"""Two full tiles and a part of a third."""


def _append(booth: Booth, count: int) -> None:
    """Commit entries, and crash before anything of them is published."""
    with booth.site.collector.write() as connection:
        batch = Batch(connection, booth.site)
        for number in range(count):
            batch.add_entry(b"entry %d" % number)
        batch.write()


def _append_and_fail(booth: Booth) -> None:
    with booth.site.collector.write() as connection:
        batch = Batch(connection, booth.site)
        batch.add_entry(b"entry")
        batch.write()
        raise StoreError


def _assert_complete(booth: Booth) -> None:
    """Check that every full tile is there, as the database has it, and no part of a file."""
    published = find_published(booth.site)
    assert published is not None
    with booth.site.collector.read() as connection:
        for path in new_full_tiles(0, published.size):
            file = booth.site.log_folder / format_tile_path(path)
            assert file.read_bytes() == read_tile(connection, path)
    assert list(booth.site.log_folder.rglob("*.part")) == []


@pytest.mark.parametrize(
    "in_the_way", ["tile/0/001.part", "tile/entries/001.part", "checkpoint.part"]
)
def test_a_crash_between_commit_and_checkpoint_is_made_good(
    tmp_path: Path, in_the_way: str
) -> None:
    """Whichever file was the last that could be written, the next publishing writes the rest."""
    with booth_in(tmp_path / "data") as booth:
        before = find_published(booth.site)
        _append(booth, ENTRIES)
        obstacle = booth.site.log_folder / in_the_way
        obstacle.mkdir(parents=True)
        with pytest.raises(StoreError):
            publish(booth.site)
        assert find_published(booth.site) == before
        assert not is_published(booth.site)
        obstacle.rmdir()
        publish(booth.site)
        assert is_published(booth.site)
        _assert_complete(booth)


def test_what_a_crash_left_half_written_is_written_again(tmp_path: Path) -> None:
    """Half a file never has the name of a whole one, and does not stand in the way of it."""
    with booth_in(tmp_path / "data") as booth:
        _append(booth, ENTRIES)
        for name in ("tile/0/000.part", "checkpoint.part"):
            part = booth.site.log_folder / name
            part.parent.mkdir(parents=True, exist_ok=True)
            part.write_bytes(b"half")
        publish(booth.site)
        _assert_complete(booth)


def test_a_transaction_that_fails_leaves_the_log_as_it_was(tmp_path: Path) -> None:
    """Nothing of a batch is there if its transaction does not commit."""
    with booth_in(tmp_path / "data") as booth:
        before = booth.records()
        with pytest.raises(StoreError):
            _append_and_fail(booth)
        assert booth.records() == before
        assert is_published(booth.site)


def test_a_published_checkpoint_that_the_database_does_not_have_stops_the_site(
    tmp_path: Path,
) -> None:
    """The file remembers how far the world saw, whatever became of the database."""
    with booth_in(tmp_path / "data") as booth, booth_in(tmp_path / "other") as other:
        _append(other, 1)
        publish(other.site)
        newer = (other.site.log_folder / "checkpoint").read_bytes()
        booth.site.keys = other.site.keys
        (booth.site.log_folder / "checkpoint").write_bytes(newer)
        with pytest.raises(RolledBack, match="older"):
            publish(booth.site)
        _append(booth, 1)
        with pytest.raises(RolledBack, match="differs"):
            publish(booth.site)
