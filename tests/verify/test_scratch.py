"""What is kept on disk is what was put there, and is found again however much there is."""

import os
import struct
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from undersigned.errors import StoreError
from undersigned.verify import scratch
from undersigned.verify.scratch import Digests, Index, Scratch, Table

ROW = struct.Struct("<Q")


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks of four rows, and buckets of eight places."""
    monkeypatch.setattr(scratch, "BLOCK_SIZE", 32)
    monkeypatch.setattr(scratch, "MOST_IN_BUCKET", 8)


@given(st.lists(st.integers(0, 2**64 - 1), max_size=40), st.data())
def test_rows_stay_what_they_are(values: list[int], data: st.DataObject) -> None:
    """Appended, read one by one and all together, and replaced, on disk or not yet."""
    table = Table(Scratch(), ROW.size)
    for number, value in enumerate(values):
        assert table.append(ROW.pack(value)) == number
    changes = st.tuples(st.integers(0, max(len(values) - 1, 0)), st.integers(0, 2**64 - 1))
    for number, value in data.draw(st.lists(changes, max_size=10)) if values else []:
        assert table.read(number) == ROW.pack(values[number])
        table.replace(number, ROW.pack(value))
        values[number] = value
    table.fill(5)
    values += [0] * 5
    assert len(table) == len(values)
    assert [value for (value,) in table.unpack(ROW)] == values
    assert list(table) == [ROW.pack(value) for value in values]
    for number, value in enumerate(values):
        assert table.read_part(number, slice(2, 6)) == ROW.pack(value)[2:6]
        assert table.read(number) == ROW.pack(value)


def test_an_index_finds_every_value_and_no_other() -> None:
    """Each with all its rows, the first one first; values that are not there are not found."""
    values = [bytes([i % 50, 0, i % 50]) for i in range(130)]
    index = Index(values.__getitem__)
    for number, value in enumerate(values):
        assert list(index.put(value, number)) == list(range(number % 50, number, 50))
    for i in range(50):
        wanted = [number for number, value in enumerate(values) if value == bytes([i, 0, i])]
        assert index.find(bytes([i, 0, i])) == wanted
        assert not index.find(bytes([i, 1, i]))


def test_values_of_one_hash_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is found was read; the hash only says where to look."""
    monkeypatch.setattr(scratch, "_HASH_MASK", 1)
    values = [i.to_bytes(2, "big") for i in range(60)]
    index = Index(values.__getitem__)
    for number, value in enumerate(values):
        assert not index.put(value, number)
    assert [index.find(value) for value in values] == [[number] for number in range(60)]


@given(st.lists(st.integers(0, 5), max_size=120))
def test_what_comes_again_is_found_whatever_its_hash(numbers: list[int]) -> None:
    """All rows with a value, in their order, also where many share the few hashes that there are."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scratch, "_HASH_MASK", 1)
        values = [bytes([number]) for number in numbers]
        index = Index(values.__getitem__)
        for number, value in enumerate(values):
            before = [i for i in range(number) if values[i] == value]
            assert list(index.find(value)) == before
            assert list(index.put(value, number)) == before


def test_a_value_that_comes_again_is_known() -> None:
    """After one other, and after many."""
    digests = Digests(Scratch())
    values = [os.urandom(32) for _ in range(60)]
    assert not any(digests.add(value) for value in values)
    assert all(digests.add(value) and value in digests for value in values)
    assert bytes(32) not in digests


@pytest.fixture
def no_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder for temporary files that is not there."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "missing"))


@pytest.mark.usefixtures("no_folder")
def test_a_folder_that_cannot_be_used_is_said() -> None:
    """In a sentence, once the first block is full; before, nothing is written."""
    table = Table(Scratch(), ROW.size)
    for _ in range(3):
        table.append(bytes(ROW.size))
    with pytest.raises(StoreError, match="temporary files"):
        table.append(bytes(ROW.size))


def test_a_full_disk_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where it takes a part of what is written."""
    kept = Scratch()
    kept.append(b"there was room")
    monkeypatch.setattr(os, "pwrite", lambda *_: 1)
    with pytest.raises(StoreError, match="full"):
        kept.append(b"there is none")
