"""A site can make any file anything: the answer is a report, never an exception."""

import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.simulator import VKEY
from tests.verify import stories

from undersigned.verify import verify_mirror

garbage = st.one_of(
    st.binary(max_size=300),
    st.sampled_from([b"[" * 100_000, b"{}", b"null", b"\xff\xfe", b'{"v":1}', b"1e999"]),
)


@pytest.fixture(scope="module")
def honest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An honest mirror, of which every test damages a copy."""
    return stories.sealed().draft().write(tmp_path_factory.mktemp("honest") / "mirror")


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the damaged copy lies."""
    return tmp_path_factory.mktemp("scratch") / "mirror"


def copy(honest: Path, scratch: Path) -> list[Path]:
    """Copy the mirror; return its files in a fixed order."""
    shutil.rmtree(scratch, ignore_errors=True)
    shutil.copytree(honest, scratch)
    return sorted(path for path in scratch.rglob("*") if path.is_file())


def exit_code(scratch: Path) -> int:
    """Verify what is there."""
    return verify_mirror(scratch, pinned_vkey=VKEY).exit_code


SLOW = settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@SLOW
@given(st.data())
def test_a_flipped_bit_never_raises(honest: Path, scratch: Path, data: st.DataObject) -> None:
    """A bit that is flipped anywhere but in a page, where words may be free, is found."""
    file = data.draw(st.sampled_from(copy(honest, scratch)))
    content = bytearray(file.read_bytes())
    bit = data.draw(st.integers(0, 8 * len(content) - 1))
    content[bit // 8] ^= 1 << bit % 8
    file.write_bytes(content)
    found = exit_code(scratch)
    assert found in ((0, 1, 2) if "site" in file.parts or file.name == "log.vkey" else (1, 2))


@SLOW
@given(st.data())
def test_a_cut_file_is_found(honest: Path, scratch: Path, data: st.DataObject) -> None:
    """A file that ends too early is false, whatever it was."""
    file = data.draw(st.sampled_from(copy(honest, scratch)))
    content = file.read_bytes()
    file.write_bytes(content[: data.draw(st.integers(0, len(content) - 2))])
    assert exit_code(scratch) == 1


@SLOW
@given(st.data())
def test_other_content_is_found(honest: Path, scratch: Path, data: st.DataObject) -> None:
    """A file that holds something else altogether is false."""
    file = data.draw(st.sampled_from(copy(honest, scratch)))
    file.write_bytes(data.draw(garbage))
    assert exit_code(scratch) == 1


@SLOW
@given(st.data())
def test_a_missing_file_never_raises(honest: Path, scratch: Path, data: st.DataObject) -> None:
    """A file that is not there is unchecked or, where it must be there, false."""
    file = data.draw(st.sampled_from(copy(honest, scratch)))
    file.unlink()
    found = exit_code(scratch)
    assert found in ((0, 1, 2) if "documents" in file.parts or file.name == "log.vkey" else (1, 2))


@SLOW
@given(st.data())
def test_odd_files_never_raise(honest: Path, scratch: Path, data: st.DataObject) -> None:
    """A folder or a link in the place of a file is not read."""
    file = data.draw(st.sampled_from(copy(honest, scratch)))
    kept = file.rename(file.with_name("kept"))
    if data.draw(st.booleans()):
        file.mkdir()
    else:
        file.symlink_to(kept)
    assert exit_code(scratch) == 1


def test_a_linked_folder_is_not_followed(honest: Path, scratch: Path) -> None:
    """A mirror that points elsewhere on the disk is refused, folder by folder."""
    copy(honest, scratch)
    for name in ("documents", "site", "log"):
        kept = (scratch / name).rename(scratch / f"kept-{name}")
        (scratch / name).symlink_to(kept)
        assert exit_code(scratch) == 1
        (scratch / name).unlink()
        kept.rename(scratch / name)
    assert exit_code(scratch) == 0


def test_a_giant_file_is_not_read_to_its_end(honest: Path, scratch: Path) -> None:
    """A sparse file of a terabyte costs nothing."""
    copy(honest, scratch)
    with (scratch / "log" / "checkpoint").open("r+b") as file:
        file.truncate(1 << 40)
    assert exit_code(scratch) == 1


@SLOW
@given(st.lists(st.binary(max_size=120), max_size=5), st.integers(0, 42))
def test_garbage_entries_are_false(
    honest: Path, scratch: Path, entries: list[bytes], at: int
) -> None:
    """Entries that are no records, signed by the log itself, are false and hide nothing."""
    draft = stories.sealed().draft()
    draft.entries[at:at] = entries
    shutil.rmtree(scratch, ignore_errors=True)
    report = verify_mirror(draft.write(scratch), pinned_vkey=VKEY)
    assert report.exit_code == (1 if entries else 0)
    assert not entries or 5 in report.false_numbers


def test_a_page_that_is_named_oddly_is_false(honest: Path, scratch: Path) -> None:
    """Only letters have a folder of pages."""
    copy(honest, scratch)
    (scratch / "site" / "letters" / "..odd").mkdir()
    assert exit_code(scratch) == 1
