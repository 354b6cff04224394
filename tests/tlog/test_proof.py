"""Proof files: their bytes, what they prove, and every flipped bit."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from undersigned.crypto.note_key import NoteKey
from undersigned.encoding import format_base64
from undersigned.errors import FormatError, VerificationError
from undersigned.tlog.checkpoint import Checkpoint, format_checkpoint_body
from undersigned.tlog.merkle import Frontier, inclusion_proof, leaf_hash
from undersigned.tlog.proof import (
    MAX_EXTRA_SIZE,
    MAX_PROOF_SIZE,
    TlogProof,
    format_proof,
    parse_proof,
    verify_proof,
)

Line = Callable[[str], bytes]
SIZE, INDEX = 13, 9
LEAVES = [leaf_hash(b"entry %d" % index) for index in range(SIZE)]
HASH = format_base64(LEAVES[0])
# A checkpoint of the right form; nobody has signed it.
NOTE = f"log.example/log\n13\n{HASH}\n\n— log.example/log {format_base64(bytes(68))}\n"

proofs = st.builds(
    TlogProof,
    st.none() | st.binary(min_size=1, max_size=200),
    st.integers(0, 2**63 - 1),
    st.lists(st.binary(min_size=32, max_size=32), max_size=63).map(tuple),
    st.just(NOTE.encode()),
)


@pytest.fixture
def proof(log_line: Line) -> TlogProof:
    """A true proof of one leaf in a small tree."""
    nodes: dict[tuple[int, int], bytes] = {}
    frontier = Frontier.empty()
    for leaf in LEAVES:
        nodes.update({(level, at): digest for level, at, digest in frontier.append(leaf)})
    body = format_checkpoint_body(Checkpoint("log.example/log", SIZE, frontier.root()))
    hashes = inclusion_proof(INDEX, SIZE, lambda level, index: nodes[level, index])
    return TlogProof(None, INDEX, hashes, body.encode() + b"\n" + log_line(body))


def test_the_lines_of_a_proof() -> None:
    """A proof is written line by line as the specification says."""
    head = f"index 73894\n{HASH}\n{HASH}\n"
    proof = TlogProof(None, 73894, (LEAVES[0], LEAVES[0]), NOTE.encode())
    assert format_proof(proof) == f"c2sp.org/tlog-proof@v1\n{head}\n{NOTE}".encode()
    proof = TlogProof(b"extra", 73894, (LEAVES[0], LEAVES[0]), NOTE.encode())
    assert format_proof(proof) == (
        f"c2sp.org/tlog-proof@v1\nextra ZXh0cmE=\n{head}\n{NOTE}".encode()
    )
    proof = TlogProof(None, 0, (), NOTE.encode())
    assert format_proof(proof) == f"c2sp.org/tlog-proof@v1\nindex 0\n\n{NOTE}".encode()


@given(proof=proofs)
def test_proofs_come_back(proof: TlogProof) -> None:
    """Whatever proof is written is parsed to the same values."""
    assert parse_proof(format_proof(proof)) == proof


@given(proof=proofs, data=st.data())
def test_damaged_proofs(proof: TlogProof, data: st.DataObject) -> None:
    """A proof cut short or changed in one byte is refused, or is written as it came."""
    written = format_proof(proof)
    position = data.draw(st.integers(0, len(written) - 1))
    changed = bytearray(written)
    changed[position] = data.draw(st.integers(0, 255))
    for damaged in (written[:position], bytes(changed), written[position:]):
        try:
            parsed = parse_proof(damaged)
        except FormatError:
            continue
        assert format_proof(parsed) == damaged


@given(data=st.binary(max_size=300))
def test_garbage_is_not_a_proof(data: bytes) -> None:
    """Garbage, alone or after the first line, raises FormatError and nothing else."""
    for garbage in (data, b"c2sp.org/tlog-proof@v1\n" + data):
        with pytest.raises(FormatError):
            parse_proof(garbage)


@pytest.mark.parametrize(
    "head",
    [
        "",
        "index 1\n",
        "c2sp.org/tlog-proof@v1\n",
        "c2sp.org/tlog-proof@v2\nindex 1\n",
        " c2sp.org/tlog-proof@v1\nindex 1\n",
        "c2sp.org/tlog-proof@v1\r\nindex 1\r\n",
        "c2sp.org/tlog-proof@v1\nindex 1\r\n",
        "c2sp.org/tlog-proof@v1\nindex\n",
        "c2sp.org/tlog-proof@v1\nindex \n",
        "c2sp.org/tlog-proof@v1\nindex  1\n",
        "c2sp.org/tlog-proof@v1\nIndex 1\n",
        "c2sp.org/tlog-proof@v1\nindex 01\n",
        "c2sp.org/tlog-proof@v1\nindex -1\n",
        "c2sp.org/tlog-proof@v1\nindex 9223372036854775808\n",
        "c2sp.org/tlog-proof@v1\nindex 1\nindex 1\n",
        "c2sp.org/tlog-proof@v1\nextra \nindex 1\n",
        "c2sp.org/tlog-proof@v1\nextra\nindex 1\n",
        "c2sp.org/tlog-proof@v1\nextra QQ\nindex 1\n",
        "c2sp.org/tlog-proof@v1\nextra QR==\nindex 1\n",
        "c2sp.org/tlog-proof@v1\nextra QQ==\nextra QQ==\nindex 1\n",
        "c2sp.org/tlog-proof@v1\nindex 1\nextra QQ==\n",
        "c2sp.org/tlog-proof@v1\nextra QQ==\n",
        f"c2sp.org/tlog-proof@v1\n{HASH}\nindex 1\n",
        f"c2sp.org/tlog-proof@v1\nindex 1\n{HASH[:-1]}\n",
        f"c2sp.org/tlog-proof@v1\nindex 1\n{HASH}{HASH}\n",
        f"c2sp.org/tlog-proof@v1\nindex 1\n{HASH} \n",
        "c2sp.org/tlog-proof@v1\nindex 1\nQQ==\n",
        f"c2sp.org/tlog-proof@v1\nindex 1\n{HASH[:-2]}/=\n",
        "c2sp.org/tlog-proof@v1\nindex 1\n" + f"{HASH}\n" * 64,
        "c2sp.org/tlog-proof@v1\nindex ١\n",
        "c2sp.org/tlog-proof@v1\nindex 1\n\n",
        f"c2sp.org/tlog-proof@v1\nextra {'A' * (MAX_EXTRA_SIZE // 3 * 4 + 4)}\nindex 1\n",
    ],
)
def test_hostile_proofs(head: str) -> None:
    """Lines missing, doubled, out of order, too many or in another spelling are refused."""
    with pytest.raises(FormatError):
        parse_proof(f"{head}\n{NOTE}".encode())


@pytest.mark.parametrize(
    "note",
    [
        "",
        "log.example/log\n",
        NOTE[:-1],
        NOTE.replace("13\n", "013\n"),
        NOTE.replace(f"{HASH}\n", f"{HASH}\nextension\n"),
        NOTE.replace("\n", "\r\n"),
    ],
)
def test_hostile_checkpoints_in_proofs(note: str) -> None:
    """A proof whose checkpoint is malformed is malformed."""
    with pytest.raises(FormatError):
        parse_proof(f"c2sp.org/tlog-proof@v1\nindex 1\n\n{note}".encode())


def test_a_proof_keeps_to_its_size() -> None:
    """The largest extra data is taken; a file over the limit is refused unread."""
    proof = TlogProof(bytes(MAX_EXTRA_SIZE), 1, (LEAVES[0],) * 63, NOTE.encode())
    assert parse_proof(format_proof(proof)) == proof
    with pytest.raises(FormatError, match="too large"):
        parse_proof(bytes(MAX_PROOF_SIZE + 1))


@pytest.mark.parametrize(
    "proof",
    [
        TlogProof(b"", 1, (), NOTE.encode()),
        TlogProof(None, -1, (), NOTE.encode()),
        TlogProof(None, 1, (b"short",), NOTE.encode()),
        TlogProof(None, 1, (), b"no note"),
    ],
)
def test_proofs_that_cannot_be_written(proof: TlogProof) -> None:
    """Nothing is written that would not be read back as the same proof."""
    with pytest.raises(FormatError):
        format_proof(proof)


def test_a_leaf_is_proved(proof: TlogProof, log_key: NoteKey) -> None:
    """A proof, written and read back, shows its leaf in the log and gives the checkpoint."""
    checkpoint = verify_proof(parse_proof(format_proof(proof)), LEAVES[INDEX], log_key)
    assert (checkpoint.origin, checkpoint.size) == ("log.example/log", SIZE)


def test_a_proof_is_for_one_leaf_and_one_log(
    proof: TlogProof, log_key: NoteKey, promise_key: NoteKey
) -> None:
    """Another leaf, another index and another log's key are refused."""
    for leaf in [*LEAVES[:INDEX], *LEAVES[INDEX + 1 :], b"", leaf_hash(b"never logged")]:
        with pytest.raises(VerificationError):
            verify_proof(proof, leaf, log_key)
    for index in [*range(INDEX), *range(INDEX + 1, SIZE + 2)]:
        moved = TlogProof(None, index, proof.hashes, proof.checkpoint)
        with pytest.raises(VerificationError):
            verify_proof(moved, LEAVES[INDEX], log_key)
    with pytest.raises(VerificationError):
        verify_proof(proof, LEAVES[INDEX], promise_key)


def test_flipped_bits_in_a_proof(proof: TlogProof, log_key: NoteKey) -> None:
    """Every flipped bit of a proof file is caught."""
    data = format_proof(proof)
    for bit in range(len(data) * 8):
        changed = bytearray(data)
        changed[bit // 8] ^= 1 << bit % 8
        with pytest.raises((FormatError, VerificationError)):
            verify_proof(parse_proof(bytes(changed)), LEAVES[INDEX], log_key)
