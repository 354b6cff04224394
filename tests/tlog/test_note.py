"""Signed notes: the specification's examples, what is refused, and whose signature counts."""

import base64
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from undersigned.crypto.note_key import ED25519, NoteKey, parse_vkey
from undersigned.errors import FormatError, VerificationError
from undersigned.tlog.note import (
    MAX_NOTE_SIZE,
    MAX_SIGNATURES,
    NoteSignature,
    SignedNote,
    format_note,
    format_signatures,
    parse_note,
    parse_signatures,
    verify_note,
)

# The key and the note of c2sp.org/signed-note, "Example".
EXAMPLE_KEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
EXAMPLE = (
    "This is an example message.\n"
    "\n"
    "— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuw"
    "HjG1Yu72IneyaQM=\n"
).encode()

TEXT = "one\n\ntwo\n"
Line = Callable[[str], bytes]

texts = st.text(st.characters(min_codepoint=32, codec="utf-8") | st.just("\n"), max_size=200)
names = st.text(
    st.characters(codec="utf-8", categories=("L", "N", "P", "S"), exclude_characters="+"),
    min_size=1,
    max_size=40,
)
signatures = st.builds(
    NoteSignature,
    names,
    st.binary(min_size=4, max_size=4),
    st.binary(min_size=1, max_size=100),
)
notes = st.builds(
    SignedNote,
    texts.map(lambda text: text + "\n"),
    st.lists(signatures, min_size=1, max_size=5).map(tuple),
)


def test_the_example_of_the_specification() -> None:
    """The specification's note is verified by its key, and written back to the byte."""
    note = parse_note(EXAMPLE)
    key = parse_vkey(EXAMPLE_KEY)
    assert note.text == "This is an example message.\n"
    assert verify_note(note, [key]) == (key,)
    assert format_note(note) == EXAMPLE


def test_flipped_bits_in_the_example() -> None:
    """Every flipped bit of the specification's note is malformed or fails to verify."""
    key = parse_vkey(EXAMPLE_KEY)
    for bit in range(len(EXAMPLE) * 8):
        changed = bytearray(EXAMPLE)
        changed[bit // 8] ^= 1 << bit % 8
        with pytest.raises((FormatError, VerificationError)):
            verify_note(parse_note(bytes(changed)), [key])


def test_the_last_blank_line_parts_the_note(log_key: NoteKey, log_line: Line) -> None:
    """A text may have blank lines, at its end too; the last blank line is not part of it."""
    for text in (TEXT, "\n", "\n\n", "one\n\n\n", "one\n\n— not a signature\n"):
        note = parse_note(text.encode() + b"\n" + log_line(text))
        assert note.text == text
        assert verify_note(note, [log_key]) == (log_key,)


@given(note=notes)
def test_notes_come_back(note: SignedNote) -> None:
    """Whatever note is written is parsed to the same values."""
    data = format_note(note)
    assert parse_note(data) == note
    assert parse_signatures(format_signatures(note.signatures)) == note.signatures


@given(note=notes, cut=st.integers(1, 400), data=st.data())
def test_damaged_notes(note: SignedNote, cut: int, data: st.DataObject) -> None:
    """A note cut short or changed in one byte is refused as malformed, or is written as it came."""
    written = format_note(note)
    position = data.draw(st.integers(0, len(written) - 1))
    changed = bytearray(written)
    changed[position] = data.draw(st.integers(0, 255))
    for damaged in (written[:-cut], bytes(changed)):
        try:
            parsed = parse_note(damaged)
        except FormatError:
            continue
        assert format_note(parsed) == damaged


@given(data=st.binary(max_size=200) | st.text(max_size=100).map(str.encode))
def test_garbage_is_not_a_note(data: bytes) -> None:
    """Garbage raises FormatError and nothing else."""
    for parse in (parse_note, parse_signatures):
        with pytest.raises(FormatError):
            parse(data)


SIGNATURE = base64.b64encode(bytes(range(68))).decode()


@pytest.mark.parametrize(
    "data",
    [
        "",
        "\n",
        "\n\n",
        "text\n",
        "text\n\n",
        f"text\n— a {SIGNATURE}\n",
        f"— a {SIGNATURE}\n",
        f"\n— a {SIGNATURE}\n",
        f"text\n\n— a {SIGNATURE}",
        f"text\n\n— a {SIGNATURE}\r\n",
        f"text\r\n\r\n— a {SIGNATURE}\r\n",
        f"text\r\n\n— a {SIGNATURE}\n",
        f"te\0xt\n\n— a {SIGNATURE}\n",
        f"te\txt\n\n— a {SIGNATURE}\n",
        f"te\x1fxt\n\n— a {SIGNATURE}\n",
        f"text\n\n— a {SIGNATURE}\n\n",
        f"text\n\n— a {SIGNATURE}\ntext\n",
        f"text\n\n— a {SIGNATURE}\n ",
        f"text\n\n- a {SIGNATURE}\n",
        f"text\n\n– a {SIGNATURE}\n",
        f"text\n\n—a {SIGNATURE}\n",
        f"text\n\n—  a {SIGNATURE}\n",
        f"text\n\n— a  {SIGNATURE}\n",
        f"text\n\n— a {SIGNATURE} \n",
        f"text\n\n— a {SIGNATURE} more\n",
        f"text\n\n—\u00a0a {SIGNATURE}\n",
        f"text\n\n— a\u00a0b {SIGNATURE}\n",
        f"text\n\n— a\u2028b {SIGNATURE}\n",
        f"text\n\n— a+b {SIGNATURE}\n",
        f"text\n\n—  {SIGNATURE}\n",
        f"text\n\n— {SIGNATURE}\n",
        f"text\n\n— {'n' * 256} {SIGNATURE}\n",
        "text\n\n— a\n",
        "text\n\n— a \n",
        "text\n\n— a AAAA\n",
        "text\n\n— a AAAAAA==\n",
        "text\n\n— a AAAAAAA\n",
        "text\n\n— a AAAAAAB=\n",
        "text\n\n— a AAAAAAA==\n",
        "text\n\n— a AAAA-_A=\n",
        "text\n\n— a AAAA\u2003AAA=\n",
        f"text\n\n— — a {SIGNATURE}\n",
    ],
)
def test_hostile_notes(data: str) -> None:
    """Other line ends, blanks, dashes, names and base64 than the specification's are refused."""
    with pytest.raises(FormatError):
        parse_note(data.encode())


def test_bytes_that_are_not_utf8() -> None:
    """A note in another encoding, or with overlong or surrogate bytes, is refused."""
    line = f"\n— a {SIGNATURE}\n".encode()
    for text in (b"\xff\n", b"\xc0\x8a\n", b"\xed\xa0\x80\n", "ü\n".encode("latin-1")):
        with pytest.raises(FormatError):
            parse_note(text + line)


def test_limits() -> None:
    """A note or a witness's answer is taken up to its limits and not beyond."""
    line = f"— a {SIGNATURE}\n"
    assert len(parse_note(("t\n\n" + line * MAX_SIGNATURES).encode()).signatures) == MAX_SIGNATURES
    with pytest.raises(FormatError):
        parse_note(("t\n\n" + line * (MAX_SIGNATURES + 1)).encode())
    room = MAX_NOTE_SIZE - len(f"\n\n{line}".encode())
    assert len(parse_note(f"{'t' * room}\n\n{line}".encode()).text) == room + 1
    with pytest.raises(FormatError):
        parse_note(f"{'t' * (room + 1)}\n\n{line}".encode())
    room = (MAX_NOTE_SIZE - len("— ww \n".encode())) // 4 * 3 - 4
    largest = format_signatures([NoteSignature("ww", bytes(4), bytes(room))])
    assert len(largest) == MAX_NOTE_SIZE
    assert len(parse_signatures(largest)) == 1
    with pytest.raises(FormatError, match="too large"):
        parse_signatures(largest[:-1] + b"\n\n")
    # What every verifier must take: 16 signatures of nearly 5 kB.
    large = tuple(NoteSignature(f"w{i}.example", bytes(4), bytes(4995)) for i in range(16))
    assert parse_note(format_note(SignedNote("t\n", large))).signatures == large


@pytest.mark.parametrize(
    "note",
    [
        SignedNote("no newline", (NoteSignature("a", bytes(4), bytes(64)),)),
        SignedNote("", (NoteSignature("a", bytes(4), bytes(64)),)),
        SignedNote("cr\r\n", (NoteSignature("a", bytes(4), bytes(64)),)),
        SignedNote("surrogate \ud800\n", (NoteSignature("a", bytes(4), bytes(64)),)),
        SignedNote("unsigned\n", ()),
        SignedNote("t\n", (NoteSignature("", bytes(4), bytes(64)),)),
        SignedNote("t\n", (NoteSignature("a b", bytes(4), bytes(64)),)),
        SignedNote("t\n", (NoteSignature("a", bytes(3), bytes(64)),)),
        SignedNote("t\n", (NoteSignature("a", bytes(4), b""),)),
        SignedNote("t\n", (NoteSignature(f"x {SIGNATURE}\n\n— a", bytes(4), bytes(64)),)),
    ],
)
def test_notes_that_cannot_be_written(note: SignedNote) -> None:
    """Nothing is written that would not be read back as the same note."""
    with pytest.raises(FormatError):
        format_note(note)


def test_unknown_keys_are_ignored(log_key: NoteKey, log_line: Line) -> None:
    """A signature of an unknown name, ID or both is ignored, even one that could never hold."""
    signed = log_line(TEXT)
    stranger = NoteKey(log_key.name, ED25519, bytes(31) + b"\x01")
    for name, key_id in [
        ("stranger.example", b"\1\2\3\4"),
        (log_key.name, stranger.key_id),
        ("stranger.example", log_key.key_id),
    ]:
        other = format_signatures([NoteSignature(name, key_id, b"not a signature")])
        for lines in (signed + other, other + signed):
            note = parse_note(TEXT.encode() + b"\n" + lines)
            assert verify_note(note, [log_key]) == (log_key,)
        with pytest.raises(VerificationError):
            verify_note(parse_note(TEXT.encode() + b"\n" + other), [log_key])


def test_one_false_signature_of_a_known_key_rejects_the_note(
    log_key: NoteKey, promise_key: NoteKey, log_line: Line, promise_line: Line
) -> None:
    """A known key's failing signature rejects the note, beside its own and others' true ones."""
    true = log_line(TEXT)
    for false in (
        log_line("another text\n"),
        format_signatures([NoteSignature(log_key.name, log_key.key_id, bytes(64))]),
        format_signatures([NoteSignature(log_key.name, log_key.key_id, b"short")]),
    ):
        for lines in (false, true + false, false + true, promise_line(TEXT) + false):
            with pytest.raises(VerificationError):
                verify_note(parse_note(TEXT.encode() + b"\n" + lines), [log_key, promise_key])


def test_duplicate_signatures_count_once(log_key: NoteKey, log_line: Line) -> None:
    """A true signature given twice is one key's; all of them must hold."""
    note = parse_note(TEXT.encode() + b"\n" + log_line(TEXT) * 3)
    assert len(note.signatures) == 3
    assert verify_note(note, [log_key, log_key]) == (log_key,)


def test_every_known_signer_is_named(
    log_key: NoteKey,
    promise_key: NoteKey,
    witness_key: NoteKey,
    log_line: Line,
    witness_line: Callable[[str, int], bytes],
) -> None:
    """The answer names the known keys that signed, and only those."""
    lines = witness_line(TEXT, 1_700_000_000) + log_line(TEXT)
    note = parse_note(TEXT.encode() + b"\n" + lines)
    assert verify_note(note, [log_key, promise_key, witness_key]) == (log_key, witness_key)
    with pytest.raises(VerificationError):
        verify_note(note, [])


def test_known_keys_must_differ(log_key: NoteKey, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two known keys that share name and ID leave open whose signature it is: refused."""
    other = NoteKey(log_key.name, ED25519, bytes(31) + b"\x01")
    monkeypatch.setattr(NoteKey, "key_id", b"same")
    note = SignedNote(TEXT, (NoteSignature("a", bytes(4), bytes(64)),))
    with pytest.raises(VerificationError, match="share"):
        verify_note(note, [log_key, other])
