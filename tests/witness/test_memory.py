"""A witness's folder: its key and modes, known logs, and a memory that is whole or refused."""

import json
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.witness.growing import GrowingLog

from undersigned.crypto.keys import CosignatureSigner
from undersigned.crypto.note_key import format_vkey
from undersigned.errors import FormatError, StoreError
from undersigned.witness import memory
from undersigned.witness.judging import Witness
from undersigned.witness.memory import load_memory, make_witness, only_one, read_logs, trust_log

LOG = GrowingLog()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A witness that has cosigned a checkpoint."""
    folder = tmp_path / "witness"
    make_witness(folder, "witness.example/w1")
    trust_log(folder, LOG.vkey)
    Witness(folder, lambda: 1).add_checkpoint(LOG.request(0, 5))
    return folder


def load(folder: Path) -> dict[str, bytes]:
    """Read the memory of a witness."""
    return load_memory(folder, CosignatureSigner.load(folder / "cosigning.key").verifier)


def test_the_key_is_for_its_owner_only(folder: Path) -> None:
    """Mode 0600; one that others can read is refused."""
    key = folder / "cosigning.key"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    key.chmod(0o644)
    with pytest.raises(StoreError, match="read by others"):
        Witness(folder, lambda: 1)


def test_a_witness_begins_in_a_folder_of_its_own(folder: Path, tmp_path: Path) -> None:
    """Nothing is overwritten; a bad name makes nothing."""
    with pytest.raises(StoreError, match="not empty"):
        make_witness(folder, "witness.example/w2")
    with pytest.raises(FormatError):
        make_witness(tmp_path / "new", "a name")
    assert not (tmp_path / "new").exists()
    with pytest.raises(StoreError, match="holds no witness"):
        Witness(tmp_path / "new", lambda: 1)


def test_what_was_cosigned_is_read_back(folder: Path) -> None:
    """The checkpoint, with both signatures."""
    assert list(load(folder)) == [LOG.origin]
    assert load(folder)[LOG.origin].startswith(LOG.checkpoint(5))


def test_a_lost_memory_is_refused(folder: Path) -> None:
    """A witness that has forgotten would cosign anything."""
    (folder / "memory.json").unlink()
    with pytest.raises(StoreError, match="has forgotten") as caught:
        Witness(folder, lambda: 1)
    assert "must not cosign any more" in caught.value.__notes__[0]


def test_a_damaged_memory_is_refused(folder: Path) -> None:
    """Cut, empty, no JSON, with a checkpoint changed, twice, or of another witness."""
    file = folder / "memory.json"
    whole = file.read_bytes()
    content = json.loads(whole)
    note = content["checkpoints"][0]
    other = CosignatureSigner.generate("witness.example/w1")
    body = note.rpartition("\n\n")[0] + "\n"
    by_another = f"{body}\n{other.sign(body.encode(), 1).decode()}"
    for damaged in (
        b"",
        b"{}",
        b"[" * 100_000,
        b"\xff" + whole,
        whole[: len(whole) // 2],
        json.dumps(content | {"checkpoints": [note.replace("\n5\n", "\n4\n")]}).encode(),
        json.dumps(content | {"checkpoints": [note, note]}).encode(),
        json.dumps(content | {"checkpoints": [by_another]}).encode(),
        json.dumps(content | {"checkpoints": ["\ud800"]}).encode(),
        json.dumps(content | {"more": 1}).encode(),
        json.dumps(content | {"vkey": LOG.vkey}).encode(),
    ):
        file.write_bytes(damaged)
        with pytest.raises(StoreError, match=r"damaged|another witness"):
            Witness(folder, lambda: 1)
    file.write_bytes(whole)
    assert Witness(folder, lambda: 1).find_checkpoint(LOG.hash) is not None


@given(st.integers(0, 2**20), st.integers(0, 7))
def test_every_flipped_bit_is_noticed_or_harmless(
    tmp_path_factory: pytest.TempPathFactory, at: int, bit: int
) -> None:
    """The memory is refused, or says the same as before."""
    folder = tmp_path_factory.getbasetemp() / "flipped"
    if not folder.exists():
        make_witness(folder, "witness.example/w1")
        trust_log(folder, LOG.vkey)
        Witness(folder, lambda: 1).add_checkpoint(LOG.request(0, 5))
        (folder / "whole").write_bytes((folder / "memory.json").read_bytes())
    whole = (folder / "whole").read_bytes()
    data = bytearray(whole)
    data[at % len(data)] ^= 1 << bit
    (folder / "memory.json").write_bytes(whole)
    before = load(folder)
    (folder / "memory.json").write_bytes(bytes(data))
    try:
        after = load(folder)
    except StoreError:
        return
    assert [note.rpartition(b"\n\n")[0] for note in after.values()] == [
        note.rpartition(b"\n\n")[0] for note in before.values()
    ]


def test_the_list_of_logs(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Comments are kept, a log is added once, a bad line is named, and there is an end."""
    file = folder / "logs"
    file.write_text(f"# by hand\n\n  {LOG.vkey}")
    other = GrowingLog("other.example/log")
    assert trust_log(folder, other.vkey).name == other.origin
    assert file.read_text() == f"# by hand\n\n  {LOG.vkey}\n{other.vkey}\n"
    assert set(read_logs(folder)) == {LOG.origin, other.origin}
    with pytest.raises(StoreError, match="known already"):
        trust_log(folder, LOG.vkey)
    witness = CosignatureSigner.load(folder / "cosigning.key").verifier
    with pytest.raises(FormatError, match="witness's"):
        trust_log(folder, format_vkey(witness))
    file.write_text(f"{LOG.vkey}\nnonsense\n")
    with pytest.raises(FormatError, match="line 2"):
        read_logs(folder)
    file.write_bytes(b"\xff\n")
    with pytest.raises(FormatError, match="UTF-8"):
        read_logs(folder)
    file.write_text(f"{LOG.vkey}\n")
    monkeypatch.setattr(memory, "MAX_LOGS", 1)
    with pytest.raises(FormatError, match="more than 1"):
        trust_log(folder, other.vkey)


def test_only_one_process_serves_it(folder: Path) -> None:
    """The second is refused with a sentence; after the first it may."""
    with only_one(folder), pytest.raises(StoreError, match="another process"), only_one(folder):
        pytest.fail("two at once")
    with only_one(folder):
        pass
