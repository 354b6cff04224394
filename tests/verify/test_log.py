"""Checks 1, 3 and 4: the checkpoint, the tree and its tiles, and what was seen before."""

from pathlib import Path

import pytest
from tests.simulator import HOST, LOG, ORIGIN, VKEY, SimulatedSite
from tests.verify import stories

from undersigned.cli.demo_lies import write_log
from undersigned.crypto.keys import NoteSigner
from undersigned.crypto.note_key import format_vkey
from undersigned.tlog.checkpoint import Checkpoint, format_checkpoint_body, parse_checkpoint_body
from undersigned.tlog.note import parse_note
from undersigned.verify import State, Status, verify_mirror
from undersigned.verify.report import Report

STRANGER = NoteSigner(ORIGIN, bytes(32))


@pytest.fixture
def mirror(tmp_path: Path) -> Path:
    """A mirror of a log of 613 entries: two full bundles, a partial one, two levels of tiles."""
    return stories.long().draft().write(tmp_path / "mirror")


def sign_checkpoint(mirror: Path, checkpoint: Checkpoint, signer: NoteSigner = LOG) -> None:
    """Sign another checkpoint for the same tiles."""
    body = format_checkpoint_body(checkpoint).encode()
    (mirror / "log" / "checkpoint").write_bytes(body + b"\n" + signer.sign(body))


def read_checkpoint(mirror: Path) -> Checkpoint:
    """Return the checkpoint of a mirror."""
    return parse_checkpoint_body(parse_note((mirror / "log" / "checkpoint").read_bytes()).text)


def status(report: Report, number: int) -> Status:
    """Return how a check came out."""
    return report.check(number).status


def test_the_key_of_the_site_is_named_as_such(mirror: Path) -> None:
    """Without a pinned key the report says that the key is the site's own word."""
    report = verify_mirror(mirror)
    assert report.exit_code == 0
    assert "taken from the site itself" in report.check(1).evidence[0]


def test_another_pinned_key_is_false(mirror: Path) -> None:
    """A checkpoint by another key than the one that is known is refused."""
    report = verify_mirror(mirror, pinned_vkey=format_vkey(STRANGER.verifier))
    assert report.false_numbers[0] == 1
    assert report.exit_code == 1


def test_an_unreadable_pinned_key_is_unchecked(mirror: Path) -> None:
    """A key that cannot be read says nothing about the site."""
    report = verify_mirror(mirror, pinned_vkey="not a key")
    assert status(report, 1) is Status.UNCHECKED
    assert report.exit_code == 2


def test_a_missing_key_is_unchecked(mirror: Path) -> None:
    """Without any key the rest is still checked."""
    (mirror / "log.vkey").unlink()
    report = verify_mirror(mirror)
    assert status(report, 1) is Status.UNCHECKED
    assert status(report, 10) is Status.HOLDS
    assert report.exit_code == 2


def test_a_signature_by_another_key_is_false(mirror: Path) -> None:
    """The checkpoint was signed by somebody else under the log's name."""
    sign_checkpoint(mirror, read_checkpoint(mirror), STRANGER)
    report = verify_mirror(mirror, pinned_vkey=VKEY)
    assert report.false_numbers == (1,)


def test_a_changed_size_under_the_old_signature_is_false(mirror: Path) -> None:
    """The signature is over the body, and the body was changed."""
    file = mirror / "log" / "checkpoint"
    file.write_bytes(file.read_bytes().replace(b"\n613\n", b"\n612\n"))
    report = verify_mirror(mirror, pinned_vkey=VKEY)
    assert 1 in report.false_numbers
    assert status(report, 3) is Status.UNCHECKED


def test_a_wrong_origin_is_false(mirror: Path) -> None:
    """A checkpoint of another log, signed with this log's key, is not one of this log."""
    checkpoint = read_checkpoint(mirror)
    sign_checkpoint(mirror, Checkpoint(f"other.{HOST}/log", checkpoint.size, checkpoint.root))
    assert verify_mirror(mirror, pinned_vkey=VKEY).false_numbers == (1,)


def test_a_wrong_root_is_false(mirror: Path) -> None:
    """The root does not follow from the entries, although the log signed it."""
    checkpoint = read_checkpoint(mirror)
    sign_checkpoint(mirror, Checkpoint(ORIGIN, checkpoint.size, bytes(32)))
    assert verify_mirror(mirror, pinned_vkey=VKEY).false_numbers == (3,)


@pytest.mark.parametrize(
    "tile",
    ["tile/0/000", "tile/0/001", "tile/0/002.p/101", "tile/1/000.p/2"],
)
def test_a_flipped_bit_in_a_tile_is_false(mirror: Path, tile: str) -> None:
    """Each hash tile of the tree, full or partial, is compared."""
    file = mirror / "log" / tile
    data = bytearray(file.read_bytes())
    data[-1] ^= 1
    file.write_bytes(data)
    report = verify_mirror(mirror, pinned_vkey=VKEY)
    assert report.false_numbers == (3,)
    assert tile in report.check(3).evidence[0]


@pytest.mark.parametrize("tile", ["tile/0/001", "tile/1/000.p/2"])
def test_a_missing_tile_is_unchecked(mirror: Path, tile: str) -> None:
    """A hash tile that is not there is no lie; the entries still lead to the root."""
    (mirror / "log" / tile).unlink()
    report = verify_mirror(mirror, pinned_vkey=VKEY)
    assert report.exit_code == 2
    assert status(report, 3) is Status.UNCHECKED


def test_a_missing_bundle_leaves_the_rest_unchecked(mirror: Path) -> None:
    """What comes before it is read; what nobody can see is unchecked, not false."""
    (mirror / "log" / "tile" / "entries" / "001").unlink()
    report = verify_mirror(mirror, pinned_vkey=VKEY)
    assert status(report, 3) is Status.UNCHECKED
    assert status(report, 5) is Status.UNCHECKED
    assert "256 of 613" in " ".join(report.check(3).evidence)


def test_a_cut_bundle_is_false(mirror: Path) -> None:
    """A bundle that ends inside an entry is not what the site could have meant."""
    file = mirror / "log" / "tile" / "entries" / "000"
    file.write_bytes(file.read_bytes()[:-1])
    assert 3 in verify_mirror(mirror, pinned_vkey=VKEY).false_numbers


def test_an_absurd_size_ends(mirror: Path) -> None:
    """A size that no folder holds does not keep the verifier busy."""
    sign_checkpoint(mirror, Checkpoint(ORIGIN, 2**62, bytes(32)))
    report = verify_mirror(mirror, pinned_vkey=VKEY)
    assert report.exit_code in (1, 2)


def test_no_checkpoint_is_unchecked(tmp_path: Path) -> None:
    """An empty folder is no mirror."""
    report = verify_mirror(tmp_path, pinned_vkey=VKEY)
    assert report.exit_code == 2
    assert report.size is None


def test_an_empty_log_holds(tmp_path: Path) -> None:
    """A site without letters has nothing that could be false."""
    folder = SimulatedSite().draft().write(tmp_path / "mirror")
    report = verify_mirror(folder, pinned_vkey=VKEY)
    assert report.exit_code == 0, report.to_json()


def test_progress_counts_entries(mirror: Path) -> None:
    """Whoever watches sees the entries go by, bundle by bundle."""
    seen: list[tuple[int, int]] = []
    verify_mirror(mirror, on_progress=lambda read, of: seen.append((read, of)))
    assert seen == [(256, 613), (512, 613), (613, 613)]


# --- 4


def state_of(mirror: Path) -> State:
    """Return what a verification of this mirror would remember."""
    report = verify_mirror(mirror, pinned_vkey=VKEY)
    assert report.size is not None
    assert report.root is not None
    return State(ORIGIN, VKEY, report.size, report.root)


def test_nothing_saved_is_not_asked(mirror: Path) -> None:
    """The first look cannot tell whether there was another history."""
    assert status(verify_mirror(mirror), 4) is Status.NOT_ASKED


def test_a_log_that_grew_is_consistent(tmp_path: Path) -> None:
    """Every beginning of a log is consistent with the whole of it."""
    draft = stories.sealed().draft()
    whole = draft.write(tmp_path / "whole")
    for size in (0, 1, 7, 16, len(draft.entries)):
        part = tmp_path / str(size)
        write_log(part, draft.entries[:size], LOG)
        root = read_checkpoint(part).root
        report = verify_mirror(whole, pinned_vkey=VKEY, state=State(ORIGIN, VKEY, size, root))
        assert status(report, 4) is Status.HOLDS, size


def test_a_rewritten_history_is_false(tmp_path: Path) -> None:
    """Two records are exchanged; only who has looked before can see it."""
    draft = stories.sealed().draft()
    state = state_of(draft.write(tmp_path / "before"))
    draft.entries[4], draft.entries[5] = draft.entries[5], draft.entries[4]
    report = verify_mirror(draft.write(tmp_path / "after"), pinned_vkey=VKEY, state=state)
    assert report.false_numbers == (4,)


def test_a_shorter_log_is_false(tmp_path: Path) -> None:
    """A log that has lost entries was rolled back."""
    draft = stories.long().draft()
    state = state_of(draft.write(tmp_path / "before"))
    del draft.entries[-1]
    report = verify_mirror(draft.write(tmp_path / "after"), pinned_vkey=VKEY, state=state)
    assert 4 in report.false_numbers


def test_another_log_is_false(mirror: Path) -> None:
    """A state of another key is not one of this log."""
    state = state_of(mirror)
    other = State(state.origin, format_vkey(STRANGER.verifier), state.size, state.root)
    assert verify_mirror(mirror, pinned_vkey=VKEY, state=other).false_numbers == (4,)
