"""The demo's five lies: each is told in a mirror, and each is caught by the check that it names."""

import shutil
from pathlib import Path

import pytest
from tests.simulator import LOG, TRUSTEES, VKEY, SimulatedSite
from tests.verify import stories

from undersigned.cli.demo_lies import LIES, Lie, open_out_of_turn, read_entries, write_log
from undersigned.errors import StoreError
from undersigned.store import pending
from undersigned.store.database import Database
from undersigned.verify import State, verify_mirror


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data folder of the simulated site: the keys that the lies are signed with, and the blobs."""
    folder = tmp_path_factory.mktemp("data")
    (folder / "keys").mkdir()
    LOG.save(folder / "keys" / "log.key")
    TRUSTEES[0].save(folder / "keys" / "trustee.key")
    database = Database("collector", f"sqlite:///{folder / 'collector.db'}")
    database.migrate()
    with database.write() as connection:
        for digest, blob in stories.sealed().blobs.items():
            pending.put_blob(connection, digest, blob)
    database.close()
    return folder


def state_of(mirror: Path) -> State:
    """Return what the demo remembers before the lies."""
    report = verify_mirror(mirror, pinned_vkey=VKEY)
    assert report.exit_code == 0
    assert report.root is not None
    return State(report.origin or "", VKEY, report.size or 0, report.root)


@pytest.mark.parametrize("lie", LIES, ids=lambda lie: lie.name)
def test_a_lie_is_caught(lie: Lie, data: Path, tmp_path: Path) -> None:
    """The verifier names the check, and the log's own signature and tree hold."""
    mirror = stories.sealed().draft().write(tmp_path / "mirror")
    state = state_of(mirror)
    copy = tmp_path / "copy"
    shutil.copytree(mirror, copy)
    lie.tell(copy, data)
    report = verify_mirror(copy, pinned_vkey=VKEY, state=state)
    assert lie.check in report.false_numbers
    assert not {1, 3} & set(report.false_numbers)


def test_the_five_lies_are_five_checks() -> None:
    """Each lie is about another check, and they are in the order of the report."""
    assert [lie.check for lie in LIES] == [4, 7, 10, 11, 12]


def test_the_rewritten_history_is_seen_only_by_who_looked_before(
    data: Path, tmp_path: Path
) -> None:
    """Without a saved state the rewritten log is as good as any."""
    mirror = stories.sealed().draft().write(tmp_path / "mirror")
    LIES[0].tell(mirror, data)
    assert verify_mirror(mirror, pinned_vkey=VKEY).exit_code == 0


def test_a_waiting_name_is_opened_with_its_real_key(data: Path, tmp_path: Path) -> None:
    """The operator can read it, so the lie is not that the key is wrong but that it is early."""
    mirror = stories.sealed().draft().write(tmp_path / "mirror")
    open_out_of_turn(mirror, data)
    evidence = verify_mirror(mirror, pinned_vkey=VKEY).check(11).evidence
    assert any("none of it is due" in sentence for sentence in evidence)
    assert not any("wrong key" in sentence for sentence in evidence)


def test_where_all_is_opened_the_wave_is_opened_too_early(data: Path, tmp_path: Path) -> None:
    """A site without a waiting name lies about the time of its opening."""
    mirror = stories.fallen().draft().write(tmp_path / "mirror")
    open_out_of_turn(mirror, data)
    assert 11 in verify_mirror(mirror, pinned_vkey=VKEY).false_numbers


@pytest.mark.parametrize("lie", LIES, ids=lambda lie: lie.name)
def test_an_empty_log_has_nothing_to_lie_about(lie: Lie, data: Path, tmp_path: Path) -> None:
    """A lie that a log does not allow is a StoreError, not a traceback."""
    mirror = SimulatedSite().draft().write(tmp_path / "mirror")
    with pytest.raises(StoreError):
        lie.tell(mirror, data)


def test_a_log_is_written_as_it_was_read(tmp_path: Path) -> None:
    """Writing the same entries gives the same files."""
    mirror = stories.long().draft().write(tmp_path / "mirror")
    before = {path: path.read_bytes() for path in (mirror / "log").rglob("*") if path.is_file()}
    write_log(mirror, read_entries(mirror), LOG)
    after = {path: path.read_bytes() for path in (mirror / "log").rglob("*") if path.is_file()}
    assert before == after
