"""The rules of a witness: each status of tlog-witness, what is remembered, and two requests at once."""

import threading
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.witness.growing import ORIGIN, GrowingLog

from undersigned.crypto.keys import CosignatureSigner
from undersigned.errors import StoreError
from undersigned.tlog.add_checkpoint import (
    SIZE_MEDIA_TYPE,
    AddCheckpoint,
    format_add_checkpoint,
)
from undersigned.tlog.checkpoint import parse_any_checkpoint_body
from undersigned.tlog.cosignature import verify_cosignature
from undersigned.tlog.merkle import EMPTY_ROOT
from undersigned.tlog.note import parse_note, parse_signatures, verify_note
from undersigned.witness import judging
from undersigned.witness.judging import Answer, Witness
from undersigned.witness.memory import make_witness, save_memory, trust_log

NOW = 1_700_000_000
LOG = GrowingLog()


class Time:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> int:
        """Return the time."""
        return self.now


@pytest.fixture
def clock() -> Time:
    """The witness's clock."""
    return Time()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A witness's folder; it knows one log."""
    folder = tmp_path / "witness"
    make_witness(folder, "witness.example/w1")
    trust_log(folder, LOG.vkey)
    return folder


@pytest.fixture
def witness(folder: Path, clock: Time) -> Witness:
    """A witness that has cosigned nothing yet."""
    return Witness(folder, clock)


def size_of(witness: Witness) -> int | None:
    """Return the size that a witness cosigned last."""
    note = witness.find_checkpoint(LOG.hash)
    return None if note is None else parse_any_checkpoint_body(parse_note(note).text).size


def check_cosigned(witness: Witness, answer: Answer, checkpoint: bytes, time: int = NOW) -> None:
    """Check that an answer is the cosignature of a checkpoint."""
    assert answer.status == 200
    (signature,) = parse_signatures(answer.body)
    assert (signature.name, signature.key_id) == (witness.key.name, witness.key.key_id)
    text = parse_note(checkpoint).text
    assert verify_cosignature(witness.key, text, signature.signature) == time


def test_a_log_that_grows_is_cosigned(witness: Witness, clock: Time) -> None:
    """From nothing to any size, then on from there, also without growing."""
    for old, new in ((0, 5), (5, 5), (5, 6), (6, 300), (300, 1000)):
        clock.now += 1
        answer = witness.add_checkpoint(LOG.request(old, new))
        check_cosigned(witness, answer, LOG.checkpoint(new), clock.now)
        assert size_of(witness) == new


def test_the_last_checkpoint_is_shown_with_both_signatures(witness: Witness, clock: Time) -> None:
    """The log's, as it was verified, and the witness's; not those of strangers."""
    assert witness.find_checkpoint(LOG.hash) is None
    stranger = CosignatureSigner.generate("else.example/w")
    note = LOG.checkpoint(7)
    body = note.rpartition(b"\n\n")[0] + b"\n"
    answer = witness.add_checkpoint(b"old 0\n\n" + note + stranger.sign(body, NOW))
    check_cosigned(witness, answer, note)
    shown = witness.find_checkpoint(LOG.hash)
    assert shown == note + answer.body
    assert len(verify_note(parse_note(shown), [LOG.signer.verifier, witness.key])) == 2
    assert witness.find_checkpoint(GrowingLog("other.example/log").hash) is None


def test_a_malformed_request_is_400(witness: Witness) -> None:
    """Of the request, its note or its checkpoint; and an old size above the new one."""
    for body in (
        b"",
        b"old 0\n\nno note",
        b"old 0\n\n" + LOG.checkpoint(5).replace(b"\n5\n", b"\n05\n"),
        LOG.request(0, 5).replace(b"old 0", b"old x"),
        b"old 6\n\n" + LOG.checkpoint(5),
    ):
        answer = witness.add_checkpoint(body)
        assert answer.status == 400
        assert answer.body.endswith(b".\n")
    assert size_of(witness) is None


def test_an_unknown_log_is_404(witness: Witness) -> None:
    """Also if its key is known under another origin."""
    assert witness.add_checkpoint(GrowingLog("other.example/log").request(0, 5)).status == 404


def test_a_signature_of_nobody_known_is_403(witness: Witness) -> None:
    """Another key, a false signature, and a false one beside a good one."""
    assert witness.add_checkpoint(GrowingLog(seed=2).request(0, 5)).status == 403
    other_root = LOG.checkpoint(5).replace(b"\n5\n", b"\n6\n")
    assert witness.add_checkpoint(b"old 0\n\n" + other_root).status == 403
    line = LOG.signer.sign(b"something else\n")
    assert witness.add_checkpoint(LOG.request(0, 5) + line).status == 403
    assert size_of(witness) is None


def test_another_old_size_is_409(witness: Witness) -> None:
    """The answer is the size that was cosigned last, and nothing changes."""
    assert witness.add_checkpoint(LOG.request(3, 5)) == Answer(409, b"0\n", SIZE_MEDIA_TYPE)
    witness.add_checkpoint(LOG.request(0, 5))
    for old in (0, 3, 4):
        assert witness.add_checkpoint(LOG.request(old, 9)) == Answer(409, b"5\n", SIZE_MEDIA_TYPE)
    # A log that was rolled back is told so, and is not cosigned.
    assert witness.add_checkpoint(LOG.request(3, 4)) == Answer(409, b"5\n", SIZE_MEDIA_TYPE)
    assert size_of(witness) == 5


def test_what_does_not_continue_is_422_and_kept(witness: Witness, folder: Path) -> None:
    """A fork, another root for the same size, a missing and a needless proof, an empty tree with a root."""
    first = LOG.proof(1, 2)
    needless = AddCheckpoint(0, first, LOG.checkpoint(5))
    assert witness.add_checkpoint(format_add_checkpoint(needless)).status == 422
    empty = AddCheckpoint(0, (), LOG.checkpoint(0, root=bytes(32)))
    assert witness.add_checkpoint(format_add_checkpoint(empty)).status == 422
    witness.add_checkpoint(LOG.request(0, 5))
    fork = GrowingLog(fork=3)
    refused = [
        fork.request(5, 9),
        fork.request(5, 5),
        format_add_checkpoint(AddCheckpoint(5, (), LOG.checkpoint(9))),
        format_add_checkpoint(AddCheckpoint(5, first, LOG.checkpoint(5))),
        format_add_checkpoint(AddCheckpoint(5, LOG.proof(5, 9)[:-1], LOG.checkpoint(9))),
    ]
    for body in refused:
        assert witness.add_checkpoint(body).status == 422
    assert size_of(witness) == 5
    kept = {file.read_bytes() for file in (folder / "evidence").iterdir()}
    assert {fork.checkpoint(9), fork.checkpoint(5)} <= kept


def test_evidence_has_an_end(
    witness: Witness, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A log that only sends nonsense does not fill the disk."""
    monkeypatch.setattr(judging, "MOST_EVIDENCE", 2)
    witness.add_checkpoint(LOG.request(0, 5))
    for new in range(6, 10):
        assert witness.add_checkpoint(GrowingLog(fork=0).request(5, new)).status == 422
    assert len(list((folder / "evidence").iterdir())) == 2


def test_an_empty_log_may_be_cosigned(witness: Witness) -> None:
    """With the root that an empty tree has."""
    note = LOG.checkpoint(0, root=EMPTY_ROOT)
    check_cosigned(witness, witness.add_checkpoint(b"old 0\n\n" + note), note)
    assert witness.add_checkpoint(LOG.request(0, 5)).status == 200


def test_extension_lines_are_cosigned_with_the_rest(witness: Witness) -> None:
    """Logs of others may have them."""
    note = LOG.checkpoint(5, extension="more\n")
    check_cosigned(witness, witness.add_checkpoint(b"old 0\n\n" + note), note)


def test_a_log_with_two_keys(folder: Path, clock: Time) -> None:
    """Either will do, and a false signature of either will not."""
    other = GrowingLog(seed=2)
    trust_log(folder, other.vkey)
    witness = Witness(folder, clock)
    assert witness.add_checkpoint(other.request(0, 5)).status == 200
    assert witness.add_checkpoint(LOG.request(5, 6)).status == 200
    false = other.signer.sign(b"something else\n")
    assert witness.add_checkpoint(LOG.request(6, 7) + false).status == 403


def test_it_remembers_after_a_restart(folder: Path, witness: Witness, clock: Time) -> None:
    """A new process goes on from the same size; another log has a memory of its own."""
    other = GrowingLog("other.example/log")
    trust_log(folder, other.vkey)
    witness.add_checkpoint(LOG.request(0, 5))
    again = Witness(folder, clock)
    assert again.add_checkpoint(LOG.request(0, 9)).status == 409
    assert again.add_checkpoint(LOG.request(5, 9)).status == 200
    assert again.add_checkpoint(other.request(0, 2)).status == 200
    assert size_of(Witness(folder, clock)) == 9


def test_time_does_not_run_backwards(witness: Witness, clock: Time) -> None:
    """A clock that was put back, or that stands at zero, gives no older cosignature."""
    witness.add_checkpoint(LOG.request(0, 5))
    clock.now = 0
    check_cosigned(witness, witness.add_checkpoint(LOG.request(5, 6)), LOG.checkpoint(6), NOW)


def test_what_cannot_be_stored_is_not_cosigned(
    witness: Witness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk is full: no cosignature; later the same request is taken."""

    def full(*_: object) -> None:
        raise StoreError("the disk is full")

    monkeypatch.setattr(judging, "save_memory", full)
    with pytest.raises(StoreError):
        witness.add_checkpoint(LOG.request(0, 5))
    assert size_of(witness) is None
    monkeypatch.setattr(judging, "save_memory", save_memory)
    assert witness.add_checkpoint(LOG.request(0, 5)).status == 200


def test_parallel_requests_never_roll_back(folder: Path, clock: Time) -> None:
    """Of many requests from one size exactly one is cosigned; what is stored only grows."""
    witness = Witness(folder, clock)
    seen: list[Answer] = []
    for old, sizes in ((0, range(10, 18)), (None, range(20, 28))):
        start = size_of(witness) if old is None else old
        assert start is not None
        barrier = threading.Barrier(len(sizes))

        def ask(new: int, start: int = start, barrier: threading.Barrier = barrier) -> None:
            barrier.wait()
            seen.append(witness.add_checkpoint(LOG.request(start, new)))

        threads = [threading.Thread(target=ask, args=(new,)) for new in sizes]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(answer.status for answer in seen) == [200] + [409] * 7
        final = f"{size_of(witness)}\n".encode()
        assert {answer.body for answer in seen if answer.status == 409} == {final}
        seen.clear()


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_whatever_is_asked_only_one_history_is_cosigned(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """Requests of an honest log and its fork in any order: all that is cosigned is of one of the two."""
    folder = tmp_path_factory.mktemp("w") / "witness"
    make_witness(folder, "witness.example/w1")
    trust_log(folder, LOG.vkey)
    witness = Witness(folder, lambda: NOW)
    fork = GrowingLog(fork=data.draw(st.integers(0, 6)))
    cosigned: list[tuple[GrowingLog, int]] = []
    for _ in range(data.draw(st.integers(1, 12))):
        log = data.draw(st.sampled_from([LOG, fork]))
        new = data.draw(st.integers(1, 12))
        old = data.draw(st.just(size_of(witness) or 0) | st.integers(0, new))
        if old <= new and witness.add_checkpoint(log.request(old, new)).status == 200:
            cosigned.append((log, new))
    sizes = [size for _, size in cosigned]
    assert sizes == sorted(sizes)
    for log, size in cosigned:
        for other, larger in cosigned:
            if size <= larger:
                assert log.root(size) == other.root(size), (size, larger)


@given(st.binary(max_size=400))
def test_any_bytes_are_answered(tmp_path_factory: pytest.TempPathFactory, body: bytes) -> None:
    """Nothing that is sent is met by an exception."""
    folder = tmp_path_factory.getbasetemp() / "any-bytes"
    if not folder.exists():
        make_witness(folder, "witness.example/w1")
        trust_log(folder, LOG.vkey)
    witness = Witness(folder, lambda: NOW)
    assert witness.add_checkpoint(body).status in (400, 404)
    assert witness.origins == (ORIGIN,)
