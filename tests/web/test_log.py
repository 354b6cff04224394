"""The log over HTTP: an outsider reads it with the C2SP formats alone, and never more than is published."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from tests.app.logs import append
from tests.live import HOST, serve
from tests.web.members import assert_problem

from undersigned.app.log import publish
from undersigned.app.running import RunningSite
from undersigned.app.site import Site, make_site
from undersigned.mail import OutboxMailer
from undersigned.tlog.checkpoint import Checkpoint, parse_checkpoint
from undersigned.tlog.merkle import leaf_hash, tree_root
from undersigned.tlog.tile import (
    TilePath,
    TileReader,
    format_tile_path,
    parse_entry_bundle,
    tiles_of,
)
from undersigned.web.asgi import make_app

SIZE = 600


@pytest.fixture(scope="module")
def log_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Site, str]]:
    """Serve a site whose log has two full tiles and some entries; nothing sequences there."""
    folder = tmp_path_factory.mktemp("log") / "data"
    site = make_site(folder, HOST)
    append(site, SIZE)
    publish(site)
    running = RunningSite(site, OutboxMailer(folder / "outbox", f"no-reply@{HOST}"))
    with serve(make_app(running)) as url:
        yield site, url
    running.close()


@pytest.fixture(scope="module")
def log(log_site: tuple[Site, str]) -> Iterator[httpx2.Client]:
    """A client of the log."""
    with httpx2.Client(base_url=log_site[1] + "/log/", timeout=60) as http:
        yield http


def published(site: Site, log: httpx2.Client) -> Checkpoint:
    """Return the checkpoint that the log shows."""
    answer = log.get("checkpoint")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.headers["cache-control"] == "public, max-age=1"
    return parse_checkpoint(answer.content, site.keys.log.verifier)


def fetch(log: httpx2.Client, path: TilePath) -> bytes:
    """Fetch a tile that must be there."""
    answer = log.get(format_tile_path(path))
    assert answer.status_code == 200, path
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["access-control-allow-origin"] == "*"
    return answer.content


def test_the_tiles_have_the_root(log_site: tuple[Site, str], log: httpx2.Client) -> None:
    """Tiles and entries, read from outside, give the root of the checkpoint."""
    checkpoint = published(log_site[0], log)
    assert checkpoint.size == SIZE
    reader = TileReader(lambda path: fetch(log, path), SIZE)
    assert tree_root(SIZE, reader) == checkpoint.root
    for path in tiles_of(SIZE):
        data = fetch(log, path)
        if path.level == "entries":
            for offset, entry in enumerate(parse_entry_bundle(data, path.width)):
                assert leaf_hash(entry) == reader(0, path.index * 256 + offset)


def test_earlier_partial_tiles_are_still_served(log: httpx2.Client) -> None:
    """Whoever has an older checkpoint finds its partial tiles: they begin the later ones."""
    full = fetch(log, TilePath(0, 0))
    for width in (1, 17, 255):
        assert fetch(log, TilePath(0, 0, width)) == full[: width * 32]
    assert fetch(log, TilePath(1, 0, 1)) == fetch(log, TilePath(1, 0, 2))[:32]


@pytest.mark.parametrize(
    "path",
    [
        "tile/0/002.p/89", "tile/0/002", "tile/0/003.p/1", "tile/1/000.p/3", "tile/1/000",
        "tile/2/000.p/1", "tile/entries/002.p/89", "tile/entries/002", "tile/0/x001/000",
        "tile/0/000.p/0", "tile/0/000.p/256", "tile/0/000.p/01", "tile/0/0", "tile/0/000/",
        "tile/64/000", "tile/-1/000", "tile/0/..%2f..%2fcheckpoint", "tile/", "tile/0/000.p/",
        "tile/entries/000.p/1/2", "tile/0/" + "x999/" * 20 + "999", "other",
    ],
)  # fmt: skip
def test_what_the_published_tree_does_not_hold(log: httpx2.Client, path: str) -> None:
    """No tile is empty, wider than the tree, of a level that is not there, or misspelt."""
    assert_problem(log.get(path), 404, "not-found")


def test_nothing_beyond_the_published_checkpoint(
    log_site: tuple[Site, str], log: httpx2.Client
) -> None:
    """What is in the database and in files, but not published, is not there for readers."""
    site = log_site[0]
    append(site, 768 - SIZE)
    try:
        early = TilePath(0, 2)
        file = site.log_folder / format_tile_path(early)
        file.write_bytes(b"written before the checkpoint")
        for path in (early, TilePath("entries", 2), TilePath(0, 2, 89)):
            assert_problem(log.get(format_tile_path(path)), 404, "not-found")
        assert published(site, log).size == SIZE
    finally:
        publish(site)
    checkpoint = published(site, log)
    assert checkpoint.size == 768
    reader = TileReader(lambda path: fetch(log, path), 768)
    assert tree_root(768, reader) == checkpoint.root


def test_no_checkpoint_before_the_first(tmp_path: Path) -> None:
    """A log that has published nothing shows nothing."""
    site = make_site(tmp_path / "data", HOST)
    running = RunningSite(site, OutboxMailer(tmp_path, f"no-reply@{HOST}"))
    with serve(make_app(running)) as url, httpx2.Client(base_url=url, timeout=60) as client:
        assert_problem(client.get("/log/checkpoint"), 404, "not-found")
        assert_problem(client.get("/log/tile/0/000.p/1"), 404, "not-found")
    running.close()


def test_damaged_checkpoint_is_a_failure_of_the_store(
    log_site: tuple[Site, str], log: httpx2.Client
) -> None:
    """A checkpoint that nobody signed is not served, nor are tiles under it that are not known yet."""
    file = log_site[0].log_folder / "checkpoint"
    note = file.read_bytes()
    file.write_bytes(hashlib.sha256(note).hexdigest().encode())
    try:
        assert_problem(log.get("checkpoint"), 503, "store-error")
        assert_problem(log.get("tile/0/000.p/201"), 503, "store-error")
        answer = httpx2.get(
            f"{log_site[1]}/api/v1/proofs/{leaf_hash(b'entry 0').hex()}", timeout=60
        )
        assert_problem(answer, 503, "store-error")
    finally:
        file.write_bytes(note)
