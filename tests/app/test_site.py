"""A site: made once, opened as often as one likes, and readable by its owner alone."""

import shutil
import stat
from pathlib import Path

import pytest
from tests.app.village import HOST, START, Village
from tests.postgresql import on_both_engines

from undersigned.app.clock import StoredClock, SystemClock
from undersigned.app.log import find_published, publish
from undersigned.app.shared_key import COPY
from undersigned.app.site import has_site, make_site, open_site
from undersigned.crypto.keys import NoteSigner, RecordSigner
from undersigned.errors import FormatError, NoSite, SiteExists, StoreError
from undersigned.tlog.merkle import EMPTY_ROOT


def _modes(folder: Path) -> dict[str, int]:
    return {
        str(path.relative_to(folder)): stat.S_IMODE(path.stat().st_mode)
        for path in [folder, *folder.rglob("*")]
    }


def test_a_site_is_for_its_owner_alone(tmp_path: Path) -> None:
    """Folders, keys and databases, also those that SQLite makes beside them."""
    site = make_site(tmp_path / "data", HOST)
    publish(site)
    modes = _modes(site.folder)
    assert {"collector.db", "issuer.db", "keys/log.key", "keys/trustee.key"} <= modes.keys()
    private = {name: mode for name, mode in modes.items() if not name.startswith("log/")}
    assert {name: oct(mode) for name, mode in private.items() if mode & 0o077} == {}
    site.close()


def test_a_new_site_has_an_empty_log(tmp_path: Path) -> None:
    """Signed, under the site's own origin."""
    site = make_site(tmp_path / "data", HOST)
    assert find_published(site) is None
    checkpoint = publish(site)
    assert checkpoint is not None
    assert (checkpoint.origin, checkpoint.size) == (f"{HOST}/log", 0)
    assert checkpoint.root == EMPTY_ROOT
    assert find_published(site) == checkpoint
    site.close()


def test_a_site_opens_as_it_was_made(tmp_path: Path) -> None:
    """With the same keys, host and clock."""
    made = make_site(tmp_path / "data", HOST, own_clock=START)
    again = open_site(made.folder)
    for site in (made, again):
        assert (site.host, site.origin, site.clock.now()) == (HOST, f"{HOST}/log", START)
        assert isinstance(site.clock, StoredClock)
    assert again.keys.log.verifier == made.keys.log.verifier
    assert again.keys.promise.verifier == made.keys.promise.verifier
    assert again.keys.organiser.public_key == made.keys.organiser.public_key
    assert again.keys.trustee.seal_key == made.keys.trustee.seal_key
    for site in (made, again):
        site.close()


def test_keys_of_another_log_are_refused(tmp_path: Path) -> None:
    """Whoever names another database would sign two histories with one key."""
    for name in ("one", "two"):
        make_site(tmp_path / name, HOST).close()
    shutil.copy(tmp_path / "one" / "collector.db", tmp_path / "two" / "collector.db")
    with pytest.raises(StoreError, match="are not those of the log in its database"):
        open_site(tmp_path / "two")
    open_site(tmp_path / "one").close()


@pytest.mark.parametrize("name", ["promise", "organiser"])
def test_keys_that_no_letter_names_are_refused(village: Village, name: str) -> None:
    """A copy of `keys/` from elsewhere: it would promise, and speak for organisers, as somebody else."""
    village.open()
    village.site.close()
    path = village.site.folder / "keys" / f"{name}.key"
    kept = path.read_bytes()
    path.unlink()
    if name == "promise":
        NoteSigner.generate(f"{HOST}/log/promise").save(path)
    else:
        RecordSigner.generate().save(path)
    with pytest.raises(StoreError, match=r"are not those that .* was opened with") as caught:
        open_site(village.site.folder)
    assert caught.value.__notes__ == [COPY]
    path.write_bytes(kept)
    village.restart()


def test_a_site_without_a_clock_has_the_machines(tmp_path: Path) -> None:
    """Which is what every real one has."""
    site = make_site(tmp_path / "data", HOST)
    assert isinstance(site.clock, SystemClock)
    site.close()


@on_both_engines
def test_a_site_is_made_once(tmp_path: Path, database: str | None) -> None:
    """Its keys are never overwritten, and a database is of one site, whatever folder comes."""
    made = make_site(tmp_path / "data", HOST, address=database)
    assert (tmp_path / "data" / "collector.db").exists() == (database is None)
    made.close()
    keys = (tmp_path / "data" / "keys" / "log.key").read_bytes()
    with pytest.raises(SiteExists):
        make_site(tmp_path / "data", "other.example", address=database)
    if database is not None:
        with pytest.raises(SiteExists, match="the database holds a site"):
            make_site(tmp_path / "other", "other.example", address=database)
        with pytest.raises(NoSite):
            open_site(tmp_path / "data")
    open_site(tmp_path / "data", database).close()
    assert (tmp_path / "data" / "keys" / "log.key").read_bytes() == keys


def test_two_sites_share_no_key(tmp_path: Path) -> None:
    """Even under one name."""
    sites = [make_site(tmp_path / name, HOST) for name in ("one", "two")]
    first, second = (site.keys.organiser.public_key for site in sites)
    assert first != second
    for site in sites:
        site.close()


@pytest.mark.parametrize(
    "host",
    ["", "Letters.example", "a b", "a_b", "-a", "a-", "a..b", "a/log", "a:80", "é", "a" * 254],
)
def test_what_is_no_host_is_refused(tmp_path: Path, host: str) -> None:
    """The name of a log is for ever; nothing is made."""
    with pytest.raises(FormatError):
        make_site(tmp_path / "data", host)
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    "host", ["localhost", "a", "1.2.3.4", "x-y.example.org", "xn--bcher-kva.ch"]
)
def test_what_is_a_host_is_taken(tmp_path: Path, host: str) -> None:
    """In lower case, without anything around it."""
    site = make_site(tmp_path / "data", host)
    assert site.origin == f"{host}/log"
    site.close()


def test_a_folder_without_a_site(tmp_path: Path) -> None:
    """Is told as such, whether it is there or not."""
    for folder in (tmp_path, tmp_path / "nowhere"):
        assert not has_site(folder)
        with pytest.raises(NoSite):
            open_site(folder)


def test_a_site_that_was_never_finished(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A crash in the making leaves something that says what it is."""

    def crash(*_: object) -> None:
        raise MemoryError

    with monkeypatch.context() as patch:
        patch.setattr("undersigned.app.site.site_store.put_fact", crash)
        with pytest.raises(MemoryError):
            make_site(tmp_path / "data", HOST)
    with pytest.raises(NoSite, match="never finished"):
        open_site(tmp_path / "data")


def test_a_key_that_is_missing_or_open_to_others(tmp_path: Path) -> None:
    """The site does not start with it."""
    make_site(tmp_path / "data", HOST).close()
    key = tmp_path / "data" / "keys" / "promise.key"
    key.chmod(0o644)
    with pytest.raises(StoreError, match="read by others"):
        open_site(tmp_path / "data")
    key.unlink()
    with pytest.raises(StoreError, match="cannot be read"):
        open_site(tmp_path / "data")


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    """A file stands in its way."""
    (tmp_path / "data").write_text("")
    with pytest.raises(StoreError, match="cannot be written"):
        make_site(tmp_path / "data", HOST)
