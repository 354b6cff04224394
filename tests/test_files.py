"""Files that are replaced whole: what is there afterwards, and after a failure half-way."""

import os
import stat
from pathlib import Path

import pytest

from undersigned.errors import StoreError
from undersigned.files import part_of, replace_file


def test_a_file_is_made_and_replaced(tmp_path: Path) -> None:
    """The second writing takes the place of the first; nothing is left beside it."""
    path = tmp_path / "a file"
    replace_file(path, b"old")
    replace_file(path, b"new", mode=0o600)
    assert path.read_bytes() == b"new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_what_a_crash_left_is_not_used(tmp_path: Path) -> None:
    """The second file of a crash may be readable for others: it goes, with its mode."""
    path = tmp_path / "secret"
    part_of(path).write_bytes(b"half")
    part_of(path).chmod(0o666)
    replace_file(path, b"whole", mode=0o600)
    assert path.read_bytes() == b"whole"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_full_disk_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What could not be forced to disk does not take the name."""
    path = tmp_path / "kept"
    replace_file(path, b"old")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StoreError, match="cannot be written: No space left on device"):
        replace_file(path, b"new")
    assert path.read_bytes() == b"old"


def test_a_folder_that_is_missing(tmp_path: Path) -> None:
    """It is one sentence, with the path."""
    with pytest.raises(StoreError, match="no/file cannot be written: No such file"):
        replace_file(tmp_path / "no" / "file", b"")
