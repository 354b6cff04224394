"""The published log from memory is the published log: of a file, of the database, never an older one."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.app.logs import append
from tests.live import HOST

from undersigned.app.log import publish
from undersigned.app.published import PublishedLog
from undersigned.app.site import Site, make_site
from undersigned.errors import StoreError
from undersigned.files import replace_file
from undersigned.tlog.tile import TilePath, format_tile_path

SIZE = 600


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """Give a site whose log has two full tiles and some entries."""
    site = make_site(tmp_path / "data", HOST)
    append(site, SIZE)
    publish(site)
    yield site
    site.close()


def test_full_tiles_come_from_files_or_from_the_database(site: Site) -> None:
    """A full tile whose file is lost is cut out of the database, and is the same."""
    path = TilePath(0, 1)
    file = site.log_folder / format_tile_path(path)
    before = file.read_bytes()
    assert PublishedLog(site).find_tile(path) == before
    file.unlink()
    assert PublishedLog(site).find_tile(path) == before


def test_the_checkpoint_is_read_once(site: Site) -> None:
    """As long as its file is the same."""
    log = PublishedLog(site)
    first = log.find()
    assert first is not None
    assert first.identity == log.identify()
    assert log.find() is first


def test_a_new_checkpoint_is_seen_at_once(site: Site) -> None:
    """Whoever published it; and what it covers is there from then on, not before."""
    log = PublishedLog(site)
    first, path = log.find(), TilePath(0, 2)
    append(site, 768 - SIZE)
    assert log.find() is first
    assert log.find_tile(path) is None
    publish(site)
    second = log.find()
    assert first is not None
    assert second is not None
    assert (first.checkpoint.size, second.checkpoint.size) == (SIZE, 768)
    assert second.note == (site.log_folder / "checkpoint").read_bytes()
    assert log.find_tile(path) == (site.log_folder / format_tile_path(path)).read_bytes()


def test_a_damaged_checkpoint_is_never_believed(site: Site) -> None:
    """Not even by who has known the one before; whole again, it is."""
    log = PublishedLog(site)
    file = site.log_folder / "checkpoint"
    known, note = log.find(), file.read_bytes()
    assert known is not None
    replace_file(file, note[:-10])
    with pytest.raises(StoreError):
        log.find()
    file.unlink()
    assert (log.identify(), log.find(), log.find_tile(TilePath(0, 0))) == (None, None, None)
    replace_file(file, note)
    found = log.find()
    assert found is not None
    assert found.checkpoint == known.checkpoint
