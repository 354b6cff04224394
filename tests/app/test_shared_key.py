"""Keys that all processes of a site have alike: made once by whoever is first, and told from any other."""

import shutil
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest
from structlog.testing import capture_logs
from tests.app.village import Village

from undersigned.app.folder import open_database
from undersigned.app.running import RunningSite
from undersigned.app.shared_key import COPY, open_shared_key
from undersigned.app.site import make_site, open_any
from undersigned.crypto.keys import ChallengeKey
from undersigned.errors import StoreError
from undersigned.mail import OutboxMailer
from undersigned.store import acknowledged
from undersigned.store.database import Database

ENGINES = ("sqlite", "postgresql")

PROCESSES = 6


@pytest.fixture
def databases(tmp_path: Path, database: str | None) -> Iterator[list[Database]]:
    """The issuer's database as so many processes have it."""
    with ExitStack() as stack:
        made = [open_database(tmp_path, "issuer", database) for _ in range(PROCESSES)]
        for each in made:
            stack.callback(each.close)
        yield made


def _open(path: Path, database: Database) -> str:
    return open_shared_key(ChallengeKey, path, database, acknowledged).fingerprint


def test_processes_that_start_at_once_make_one_key(
    tmp_path: Path, databases: list[Database]
) -> None:
    """They share a folder: whoever comes later finds what the first one made."""
    together = threading.Barrier(PROCESSES)

    def start(database: Database) -> str:
        together.wait()
        return _open(tmp_path / "challenge.key", database)

    with ThreadPoolExecutor(PROCESSES) as pool:
        assert len(set(pool.map(start, databases))) == 1


def test_on_two_machines_at_once_one_makes_it(tmp_path: Path, databases: list[Database]) -> None:
    """The others have nothing to give out that would be refused: they are told to copy it."""
    together = threading.Barrier(PROCESSES)
    folders = [tmp_path / str(number) for number in range(PROCESSES)]
    for folder in folders:
        folder.mkdir()

    def start(folder: Path, database: Database) -> str:
        together.wait()
        try:
            return _open(folder / "challenge.key", database)
        except StoreError as error:
            return f"{error.detail}: {error.__notes__}"

    with ThreadPoolExecutor(PROCESSES) as pool:
        said = list(pool.map(start, folders, databases))
    (first,) = (folder for folder in folders if (folder / "challenge.key").exists())
    told = [text for folder, text in zip(folders, said, strict=True) if folder is not first]
    missing = "is not there, and other processes of this site have that key"
    assert all(text.endswith(f"{missing}: {[COPY]}") for text in told)
    other = folders[0] if first is not folders[0] else folders[1]
    shutil.copy(first / "challenge.key", other / "challenge.key")
    assert _open(other / "challenge.key", databases[0]) == said[folders.index(first)]


def test_another_key_is_refused(tmp_path: Path, databases: list[Database]) -> None:
    """What one gave out the others would refuse."""
    _open(tmp_path / "challenge.key", databases[0])
    ChallengeKey.generate().save(tmp_path / "other.key")
    with pytest.raises(StoreError, match="is another key than other processes of this site have"):
        _open(tmp_path / "other.key", databases[1])


def test_a_crash_before_it_is_known_leaves_a_key_that_is_found(
    tmp_path: Path, databases: list[Database]
) -> None:
    """So is one that an older version made."""
    kept = ChallengeKey.generate()
    kept.save(tmp_path / "challenge.key")
    assert _open(tmp_path / "challenge.key", databases[0]) == kept.fingerprint
    assert _open(tmp_path / "challenge.key", databases[1]) == kept.fingerprint


def test_a_new_site_has_them_all(tmp_path: Path, database: str | None) -> None:
    """Its folder can be copied at once, and is as good as the first one."""
    site = make_site(tmp_path / "one", "letters.example", address=database)
    keys = [site.issuer.challenge_key().fingerprint, site.webhook_key().fingerprint]
    site.close()
    if database is None:
        return
    shutil.copytree(tmp_path / "one", tmp_path / "two")
    copy = open_any(tmp_path / "two", database)
    assert [copy.issuer.challenge_key().fingerprint, copy.webhook_key().fingerprint] == keys  # type: ignore[attr-defined]
    copy.close()


def test_who_serves_looks_before_it_starts(
    village: Village, database: str | None, tmp_path: Path
) -> None:
    """With a key of its own it does not start; without those of one letter it does, and says so."""
    letter = village.open()
    folder = village.site.folder
    village.site.close()
    path = folder / "keys" / "issuer" / "challenge.key"
    path.rename(tmp_path / "challenge.key")
    running = _running(folder, database, tmp_path)
    with pytest.raises(StoreError, match=r"challenge\.key is not there"):
        running.start()
    running.close()
    (tmp_path / "challenge.key").rename(path)
    (folder / "keys" / "issuer" / letter.letter_id.hex()).rename(tmp_path / "elsewhere")
    running = _running(folder, database, tmp_path)
    with capture_logs() as lines:
        running.start()
    running.stop()
    told = [line["letter"] for line in lines if line["event"].startswith("no tokens: the keys of")]
    assert told == [f"{letter.slug}@1"]


def _running(folder: Path, address: str | None, base: Path) -> RunningSite:
    return RunningSite(open_any(folder, address), OutboxMailer(base, "a@letters.example"))
