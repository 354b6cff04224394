"""Checkpoints and their cosignatures: bytes, origins, and every flipped bit."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from undersigned.crypto.keys.note import CosignatureSigner, NoteSigner
from undersigned.crypto.note_key import ED25519, NoteKey
from undersigned.encoding import format_base64
from undersigned.errors import FormatError, VerificationError
from undersigned.tlog.checkpoint import (
    Checkpoint,
    format_checkpoint_body,
    parse_checkpoint,
    parse_checkpoint_body,
)
from undersigned.tlog.cosignature import (
    Cosignature,
    cosignature_message,
    format_cosignature,
    parse_cosignature,
    verify_cosignature,
)
from undersigned.tlog.note import format_signatures, parse_note, parse_signatures, verify_note

# The example of c2sp.org/tlog-checkpoint.
EXAMPLE_BODY = (
    "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
)
ROOT = bytes(range(32))
CHECKPOINT = Checkpoint("log.example/log", 1234, ROOT)
BODY = format_checkpoint_body(CHECKPOINT)
NOW = 1_700_000_000
Line = Callable[[str], bytes]
CosignatureLine = Callable[[str, int], bytes]

checkpoints = st.builds(
    Checkpoint,
    st.text(st.characters(min_codepoint=32, codec="utf-8"), min_size=1, max_size=60),
    st.integers(0, 2**63 - 1),
    st.binary(min_size=32, max_size=32),
)


def test_the_example_of_the_specification() -> None:
    """The specification's body is parsed to its three values and written back to the byte."""
    checkpoint = parse_checkpoint_body(EXAMPLE_BODY)
    assert checkpoint.origin == "example.com/behind-the-sofa"
    assert checkpoint.size == 20852163
    assert checkpoint.root.hex().startswith("0ac5186a91863e8e")
    assert format_checkpoint_body(checkpoint) == EXAMPLE_BODY


@given(checkpoint=checkpoints)
def test_bodies_come_back(checkpoint: Checkpoint) -> None:
    """Whatever checkpoint is written is parsed to the same values."""
    assert parse_checkpoint_body(format_checkpoint_body(checkpoint)) == checkpoint


@given(checkpoint=checkpoints, data=st.data())
def test_damaged_bodies(checkpoint: Checkpoint, data: st.DataObject) -> None:
    """A body cut short, or with one character replaced or added, is refused or another spelling's."""
    body = format_checkpoint_body(checkpoint)
    position = data.draw(st.integers(0, len(body) - 1))
    sign = data.draw(st.sampled_from("\n\r 0=A+") | st.characters())
    changed = body[:position] + sign + body[position + 1 :]
    for damaged in (body[:position], changed, body[:position] + sign + body[position:]):
        try:
            parsed = parse_checkpoint_body(damaged)
        except FormatError:
            continue
        assert format_checkpoint_body(parsed) == damaged


B64 = format_base64(ROOT)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "o\n",
        "o\n1\n",
        f"o\n1\n{B64}",
        f"o\n1\n{B64}\n\n",
        f"o\n1\n{B64}\nextension\n",
        f"\n1\n{B64}\n",
        f"\no\n1\n{B64}\n",
        f"o\r\n1\r\n{B64}\r\n",
        f"o\t\n1\n{B64}\n",
        f"o\n\n{B64}\n",
        f"o\n01\n{B64}\n",
        f"o\n00\n{B64}\n",
        f"o\n+1\n{B64}\n",
        f"o\n-1\n{B64}\n",
        f"o\n 1\n{B64}\n",
        f"o\n1 \n{B64}\n",
        f"o\n1_0\n{B64}\n",
        f"o\n1e3\n{B64}\n",
        f"o\n0x1\n{B64}\n",
        f"o\n١\n{B64}\n",
        f"o\n9223372036854775808\n{B64}\n",
        f"o\n{'9' * 5000}\n{B64}\n",
        f"o\n1\n{B64[:-1]}\n",
        f"o\n1\n{B64}=\n",
        f"o\n1\n{B64[:-2]}9=\n",
        f"o\n1\n{B64[:-4]}\n",
        f"o\n1\n {B64}\n",
        f"o\n1\n{'_' * 43}=\n",
        "o\n1\n\n",
    ],
)
def test_hostile_bodies(text: str) -> None:
    """Extension lines, other line ends, numbers and base64 than the specification's are refused."""
    with pytest.raises(FormatError):
        parse_checkpoint_body(text)


def test_the_largest_size() -> None:
    """Sizes up to 2^63 - 1 and the empty tree are taken."""
    for size in (0, 2**63 - 1):
        assert parse_checkpoint_body(f"o\n{size}\n{B64}\n").size == size


def test_a_signed_checkpoint(log_key: NoteKey, log_line: Line) -> None:
    """The log's signed checkpoint gives its values."""
    assert parse_checkpoint(BODY.encode() + b"\n" + log_line(BODY), log_key) == CHECKPOINT


def test_flipped_bits_in_a_checkpoint(log_key: NoteKey, log_line: Line) -> None:
    """Every flipped bit of a signed checkpoint is caught."""
    data = BODY.encode() + b"\n" + log_line(BODY)
    for bit in range(len(data) * 8):
        changed = bytearray(data)
        changed[bit // 8] ^= 1 << bit % 8
        with pytest.raises((FormatError, VerificationError)):
            parse_checkpoint(bytes(changed), log_key)


def test_the_origin_is_the_name_of_the_key(
    log_key: NoteKey, promise_key: NoteKey, log_line: Line, promise_line: Line
) -> None:
    """A key signs for the origin that it is named after and for no other."""
    other = format_checkpoint_body(Checkpoint("other.example/log", 1, ROOT))
    with pytest.raises(VerificationError, match="another log"):
        parse_checkpoint(other.encode() + b"\n" + log_line(other), log_key)
    with pytest.raises(VerificationError, match="another log"):
        parse_checkpoint(BODY.encode() + b"\n" + promise_line(BODY), promise_key)
    with pytest.raises(VerificationError, match="No known key"):
        parse_checkpoint(BODY.encode() + b"\n" + promise_line(BODY), log_key)


def test_a_signed_extension_line_is_refused(log_key: NoteKey, log_line: Line) -> None:
    """An extension line is refused though the log has signed it."""
    text = BODY + "extension\n"
    with pytest.raises(FormatError):
        parse_checkpoint(text.encode() + b"\n" + log_line(text), log_key)


def test_the_cosigned_message_of_the_specification() -> None:
    """What a witness signs is the header, the time and the body, as in the specification."""
    assert cosignature_message(1679315147, EXAMPLE_BODY) == (
        b"cosignature/v1\n"
        b"time 1679315147\n"
        b"example.com/behind-the-sofa\n"
        b"20852163\n"
        b"CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
    )


def test_the_cosignature_of_the_specification() -> None:
    """The specification's cosignature line holds the time that its signed message has."""
    (line,) = parse_signatures(
        "— witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2"
        "oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==\n".encode()
    )
    assert (line.name, line.key_id.hex()) == ("witness.example.com/w1", "8d66cf3f")
    assert parse_cosignature(line.signature).time == 1679315147


@given(time=st.integers(0, 2**63 - 1), signature=st.binary(min_size=64, max_size=64))
def test_cosignatures_come_back(time: int, signature: bytes) -> None:
    """A cosignature is parsed to the values that were written, in 72 bytes."""
    cosignature = Cosignature(time, signature)
    data = format_cosignature(cosignature)
    assert len(data) == 72
    assert parse_cosignature(data) == cosignature


@pytest.mark.parametrize("data", [b"", bytes(71), bytes(73), bytes(64), b"\x80" + bytes(71)])
def test_bytes_that_are_no_cosignature(data: bytes) -> None:
    """Another length, or a time over 2^63 - 1, is refused."""
    with pytest.raises(FormatError):
        parse_cosignature(data)


def test_a_witness_proves_its_time(
    log_key: NoteKey, witness_key: NoteKey, witness_line: CosignatureLine
) -> None:
    """A cosignature gives its time; by another kind of key it is nothing."""
    (line,) = parse_signatures(witness_line(BODY, NOW))
    assert verify_cosignature(witness_key, BODY, line.signature) == NOW
    with pytest.raises(VerificationError):
        verify_cosignature(witness_key, EXAMPLE_BODY, line.signature)
    for key in (log_key, NoteKey(witness_key.name, ED25519, witness_key.public_key)):
        with pytest.raises(VerificationError):
            verify_cosignature(key, BODY, line.signature)


def test_flipped_bits_in_a_cosignature(witness_key: NoteKey, witness_line: CosignatureLine) -> None:
    """Every flipped bit of time or signature is caught, alone and inside a note."""
    (line,) = parse_signatures(witness_line(BODY, NOW))
    for bit in range(len(line.signature) * 8):
        changed = bytearray(line.signature)
        changed[bit // 8] ^= 1 << bit % 8
        with pytest.raises((FormatError, VerificationError)):
            verify_cosignature(witness_key, BODY, bytes(changed))
        wrong = format_signatures([type(line)(line.name, line.key_id, bytes(changed))])
        with pytest.raises(VerificationError):
            verify_note(parse_note(BODY.encode() + b"\n" + wrong), [witness_key])


def test_a_cosigned_checkpoint(
    log_key: NoteKey, witness_key: NoteKey, log_line: Line, witness_line: CosignatureLine
) -> None:
    """The log's key reads a cosigned checkpoint; a witness's cosignature is not the log's."""
    data = BODY.encode() + b"\n" + log_line(BODY) + witness_line(BODY, NOW)
    assert parse_checkpoint(data, log_key) == CHECKPOINT
    assert verify_note(parse_note(data), [witness_key]) == (witness_key,)
    with pytest.raises(VerificationError):
        parse_checkpoint(BODY.encode() + b"\n" + witness_line(BODY, NOW), log_key)


def test_what_the_projects_own_keys_sign() -> None:
    """A checkpoint signed by a log's key and cosigned by a witness's is read and verified."""
    log, witness = NoteSigner.generate("log.example/log"), CosignatureSigner.generate("w.example")
    text = BODY.encode()
    data = text + b"\n" + log.sign(text) + witness.sign(text, NOW)
    assert parse_checkpoint(data, log.verifier) == CHECKPOINT
    assert len(verify_note(parse_note(data), [log.verifier, witness.verifier])) == 2
    cosigned = parse_note(data).signatures[1]
    assert verify_cosignature(witness.verifier, BODY, cosigned.signature) == NOW
