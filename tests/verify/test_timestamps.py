"""Timestamps that hold: who says that a letter existed, when, and how far that was checked."""

import json
from pathlib import Path

import pytest
from tests.simulator import VKEY, SimulatedSite
from tests.stamping import make_root, the_clock
from tests.verify import stories
from tests.verify.lies import LIES, LieCase

from undersigned.crypto.timestamp import Roots
from undersigned.verify import Report, format_report, verify_mirror


def verify(site: SimulatedSite, folder: Path, roots: Roots = ()) -> Report:
    """Verify a story."""
    mirror = site.draft().write(folder / "mirror")
    return verify_mirror(mirror, pinned_vkey=VKEY, now=site.now, timestamp_roots=roots)


def test_a_letter_existed_says_the_authority(tmp_path: Path) -> None:
    """The report has the letter's own timestamps first, then those of trees; as JSON too."""
    site = stories.stamped()
    report = verify(site, tmp_path, (the_clock()[1].certificate,))
    assert report.exit_code == 0
    at = site.letters[0].opened_at
    first, tree = report.letters[0].timestamps
    assert (first.leaf, first.at, first.size, first.chain) == (3, at, None, True)
    assert (tree.leaf, tree.at, tree.size, tree.authority) == (4, at, 4, "The Clock")
    assert report.letters[1].timestamps[0].at == site.letters[1].opened_at + 20
    said = json.loads(format_report(report))["letters"][0]["timestamps"][0]
    assert said == {"leaf": 3, "at": at, "authority": "The Clock", "size": None, "chain": True}


def test_without_roots_the_chain_is_said_to_be_unchecked(tmp_path: Path) -> None:
    """Everything else is checked all the same, and holds."""
    report = verify(stories.stamped(), tmp_path)
    assert report.exit_code == 0
    assert not any(stamp.chain for letter in report.letters for stamp in letter.timestamps)
    assert any("was not checked" in sentence for sentence in report.check(6).evidence)


NEED_ROOTS = {"stamp_by_a_false_root", "stamp_by_an_expired_authority"}


@pytest.mark.parametrize(
    "case", [case for case in LIES if case.name.startswith("stamp_")], ids=lambda case: case.name
)
def test_lies_are_found_without_roots_but_for_the_chain(case: LieCase, tmp_path: Path) -> None:
    """Whose certificate it is, is all that only roots can say."""
    site = case.story()
    draft = site.draft()
    case.tell(draft, site)
    report = verify_mirror(draft.write(tmp_path / "mirror"), pinned_vkey=VKEY, now=site.now)
    assert (case.check in report.false_numbers) == (case.name not in NEED_ROOTS)


def test_other_roots_make_honest_timestamps_false(tmp_path: Path) -> None:
    """Whoever trusts somebody else is told that this authority is nobody."""
    report = verify(stories.stamped(), tmp_path, (make_root().certificate,))
    assert report.false_numbers == (6,)
    assert report.letters[0].timestamps == ()


def test_a_timestamp_that_was_taken_down_is_told(tmp_path: Path) -> None:
    """It proves nothing any more, and nothing is wrong."""
    site = stories.stamped()
    draft = site.draft()
    for digest, document in list(draft.documents.items()):
        if b'"t":"timestamp"' in document:
            del draft.documents[digest]
    report = verify_mirror(draft.write(tmp_path / "mirror"), pinned_vkey=VKEY, now=site.now)
    assert report.exit_code == 0
    assert all(letter.timestamps == () for letter in report.letters)
    assert sum("is not in the mirror" in sentence for sentence in report.check(6).evidence) == 4


def test_a_tree_that_cannot_be_read_is_unchecked(tmp_path: Path) -> None:
    """Without the tiles nobody can say which root the log had."""
    site = stories.stamped()
    mirror = site.draft().write(tmp_path / "mirror")
    for tile in (mirror / "log" / "tile" / "0").rglob("*"):
        if tile.is_file():
            tile.unlink()
    report = verify_mirror(mirror, pinned_vkey=VKEY, now=site.now)
    assert report.exit_code == 2
    assert any("cannot be computed" in sentence for sentence in report.check(4).evidence)
