"""Private keys: their files, their texts, what they sign, and that they stay private."""

import base64
import os
import resource
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import given
from hypothesis import strategies as st

from undersigned.crypto.ed25519 import verify_ed25519
from undersigned.crypto.keys import (
    ChallengeKey,
    CosignatureSigner,
    NoteSigner,
    RecordSigner,
    SignerKey,
    TokenKey,
    TrusteeKey,
    code_of,
    generate_code,
    words_of,
)
from undersigned.crypto.keys.files import MAX_KEY_FILE_BYTES, save_secret
from undersigned.encoding import format_base64url, parse_base64, parse_base64url
from undersigned.errors import FormatError, StoreError

SEED = bytes(range(100, 132))
LETTER = bytes(range(32))
WORDS = (
    "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about"
)

CLASSES: list[Any] = [
    ChallengeKey,
    NoteSigner,
    CosignatureSigner,
    RecordSigner,
    TokenKey,
    TrusteeKey,
]
MAKERS: dict[Any, Callable[[], Any]] = {
    ChallengeKey: ChallengeKey.generate,
    NoteSigner: lambda: NoteSigner.generate("letters.example/log"),
    CosignatureSigner: lambda: CosignatureSigner.generate("witness.example"),
    RecordSigner: RecordSigner.generate,
    TokenKey: TokenKey.generate,
    TrusteeKey: TrusteeKey.generate,
}


def identity(key: Any) -> object:
    """Return the public part of any key; what is secret of the one that has none."""
    if isinstance(key, ChallengeKey):
        return key._secret
    for name in ("verifier", "spki", "seal_key", "public_key"):
        if hasattr(key, name):
            return getattr(key, name)
    raise AssertionError


@pytest.mark.parametrize("kind", CLASSES)
def test_save_and_load(kind: Any, tmp_path: Path) -> None:
    """A saved key is the same key again, in a file for its owner alone."""
    key, path = MAKERS[kind](), tmp_path / "a.key"
    key.save(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert identity(kind.load(path)) == identity(key)


@pytest.mark.parametrize("kind", CLASSES)
def test_never_overwritten(kind: Any, tmp_path: Path) -> None:
    """A key that is there stays as it is."""
    path = tmp_path / "a.key"
    MAKERS[kind]().save(path)
    before = path.read_bytes()
    with pytest.raises(StoreError):
        MAKERS[kind]().save(path)
    assert path.read_bytes() == before


@pytest.mark.parametrize("kind", CLASSES)
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o601, 0o777])
def test_files_that_others_can_read(kind: Any, mode: int, tmp_path: Path) -> None:
    """A key that others may have read is refused, with the remedy."""
    path = tmp_path / "a.key"
    save_secret(path, "anything")
    path.chmod(mode)
    with pytest.raises(StoreError, match="chmod 600"):
        kind.load(path)


@pytest.mark.parametrize("kind", CLASSES)
def test_files_that_are_no_keys(kind: Any, tmp_path: Path) -> None:
    """A missing file and a folder are StoreErrors; wrong contents are FormatErrors."""
    with pytest.raises(StoreError):
        kind.load(tmp_path / "missing.key")
    with pytest.raises(StoreError):
        kind.load(tmp_path)
    contents = [b"", b"\xff\xfe", b"text", b"PRIVATE+KEY+a+b+c", b"x" * (MAX_KEY_FILE_BYTES + 1)]
    for number, content in enumerate(contents):
        path = tmp_path / f"{number}.key"
        path.touch(mode=0o600)
        path.write_bytes(content)
        with pytest.raises(FormatError):
            kind.load(path)


def test_pipes_are_no_key_files(tmp_path: Path) -> None:
    """A pipe, which would keep the reader waiting, is refused at once."""
    os.mkfifo(tmp_path / "a.key", 0o600)
    with pytest.raises(StoreError, match="is not a file"):
        NoteSigner.load(tmp_path / "a.key")


def test_folders_that_are_not_there(tmp_path: Path) -> None:
    """A key is not saved where there is no folder."""
    with pytest.raises(StoreError):
        save_secret(tmp_path / "missing" / "a.key", "secret")


def test_failed_writes_leave_nothing(tmp_path: Path) -> None:
    """A disk without room gives a StoreError; no half key stays behind."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, limits[1]))
    try:
        with pytest.raises(StoreError, match="cannot be written"):
            save_secret(tmp_path / "a.key", "x" * 100)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("first", CLASSES)
@pytest.mark.parametrize("second", CLASSES)
def test_keys_of_another_kind(first: Any, second: Any, tmp_path: Path) -> None:
    """A key file of one kind is not read as another."""
    if first is second:
        return
    path = tmp_path / "a.key"
    MAKERS[first]().save(path)
    with pytest.raises(FormatError):
        second.load(path)


def test_nothing_private_in_repr() -> None:
    """No representation of a key shows its seed, in any spelling."""
    code = SEED[:16]
    keys: list[tuple[object, bytes]] = [
        (NoteSigner("example", SEED), SEED),
        (CosignatureSigner("example", SEED), SEED),
        (RecordSigner(SEED), SEED),
        (TrusteeKey(SEED), SEED),
        (SignerKey(code, LETTER), code),
        (SignerKey(code, LETTER), SignerKey(code, LETTER).r),
    ]
    for key, secret in keys:
        for spelling in (
            secret.hex(),
            base64.b64encode(secret).decode().rstrip("="),
            base64.urlsafe_b64encode(secret).decode().rstrip("="),
            repr(secret)[2:-1],
        ):
            assert spelling not in repr(key)
            assert spelling not in str(key)
        assert not hasattr(key, "__dict__")
    issuer = TokenKey.generate()
    assert repr(issuer) == "TokenKey()"


@pytest.mark.parametrize("size", [0, 31, 33])
def test_seeds_of_another_length(size: int) -> None:
    """Every seed has 32 bytes."""
    makers: list[Callable[[bytes], object]] = [
        RecordSigner,
        TrusteeKey,
        lambda seed: NoteSigner("example", seed),
    ]
    for maker in makers:
        with pytest.raises(FormatError):
            maker(bytes(size))


def test_note_lines() -> None:
    """A signature line has an em dash, the name, and key ID ‖ signature in base64."""
    signer, text = NoteSigner("letters.example/log", SEED), "origin\n1\nü\n".encode()
    dash, name, encoded = signer.sign(text).decode().split(" ")
    assert (dash, name, encoded[-1]) == ("\u2014", "letters.example/log", "\n")
    blob = parse_base64(encoded[:-1], size=68)
    assert blob[:4] == signer.verifier.key_id
    signer.verifier.verify(text, blob[4:])


def test_cosignature_lines() -> None:
    """A cosignature is over its header, the time and the checkpoint."""
    signer, text = CosignatureSigner("witness.example", SEED), b"origin\n1\n"
    blob = parse_base64(signer.sign(text, 1679315147).decode()[:-1].split(" ")[2], size=76)
    assert blob[:4] == signer.verifier.key_id
    assert int.from_bytes(blob[4:12], "big") == 1679315147
    message = b"cosignature/v1\ntime 1679315147\n" + text
    verify_ed25519(signer.verifier.public_key, message, blob[12:])


@pytest.mark.parametrize("text", [b"", b"text", b"\ntext"])
def test_texts_without_a_line_end(text: bytes) -> None:
    """A note's text ends with a line end."""
    with pytest.raises(FormatError):
        NoteSigner("example", SEED).sign(text)
    with pytest.raises(FormatError):
        CosignatureSigner("example", SEED).sign(text, 0)


@pytest.mark.parametrize("time", [-1, 1 << 63])
def test_times_out_of_range(time: int) -> None:
    """A cosignature's time has 63 bits."""
    with pytest.raises(FormatError):
        CosignatureSigner("example", SEED).sign(b"text\n", time)


@pytest.mark.parametrize("kind", [NoteSigner, CosignatureSigner])
def test_flipped_bits_of_a_note_key(kind: Any) -> None:
    """No bit of a private key's line can be changed: its ID covers all of it."""
    line = kind("a.example", SEED).format()
    assert identity(kind.parse(line)) == identity(kind("a.example", SEED))
    for at, sign in enumerate(line):
        for bit in range(7):
            with pytest.raises(FormatError):
                kind.parse(line[:at] + chr(ord(sign) ^ 1 << bit) + line[at + 1 :])


@pytest.mark.parametrize(
    "text", ["", "UNDERSIGNED-TRUSTEE-KEY-1+", "UNDERSIGNED-TRUSTEE-KEY-2+AAAA"]
)
def test_texts_that_are_no_trustee_key(text: str) -> None:
    """A trustee's line is read strictly."""
    with pytest.raises(FormatError):
        TrusteeKey.parse(text)
    with pytest.raises(FormatError):
        TrusteeKey.parse(TrusteeKey(SEED).format() + "A")


def test_trustees_sign() -> None:
    """What a trustee signs verifies under the sign key, which is not the seed's own key."""
    trustee = TrusteeKey(SEED)
    verify_ed25519(trustee.sign_key, b"message", trustee.sign(b"message"))
    assert trustee.sign_key != RecordSigner(SEED).public_key
    assert TrusteeKey.parse(trustee.format()).sign_key == trustee.sign_key


def test_token_keys_of_other_kinds() -> None:
    """Only RSA keys of 2048 bits with the exponent 65537 issue tokens."""
    for exponent, bits in ((65537, 1024), (65537, 3072), (3, 2048)):
        with pytest.raises(FormatError):
            TokenKey(rsa.generate_private_key(exponent, bits))


@given(st.binary(min_size=16, max_size=16))
def test_words_round_trip(code: bytes) -> None:
    """Twelve words stand for a code, however they are spaced and capitalised."""
    words = words_of(code)
    assert len(words.split(" ")) == 12
    assert code_of(words) == code
    assert code_of(f"  {words.upper()}\n".replace(" ", " \t ")) == code
    assert code_of("\n".join(word.title() for word in words.split())) == code


def test_words_of_bip_39() -> None:
    """The first vector of BIP 39 is written and read."""
    assert words_of(bytes(16)) == WORDS
    assert code_of(WORDS) == bytes(16)


@pytest.mark.parametrize(
    "words",
    [
        "",
        "abandon",
        WORDS + " about",
        WORDS.replace(" about", ""),
        WORDS.replace("about", "abandon"),
        WORDS.replace("about", "abuot"),
        WORDS.replace("about", "ab\u00f6ut"),
        WORDS.replace(" ", ","),
        WORDS + " " * 2000,
        "\ud800",
    ],
)
def test_words_that_are_refused(words: str) -> None:
    """Too few, too many, unknown or misplaced words are refused."""
    with pytest.raises(FormatError):
        code_of(words)


@given(st.text(max_size=200))
def test_any_text_as_words(text: str) -> None:
    """Any other text gives a FormatError."""
    with pytest.raises(FormatError):
        code_of(text)


def test_a_wrong_word_is_not_repeated() -> None:
    """An error says which word it is and not the word: it may be one of the true ones, misspelt."""
    with pytest.raises(FormatError) as caught:
        code_of(WORDS.replace("about", "abuot"))
    assert "12" in caught.value.detail
    assert "abuot" not in caught.value.detail


@pytest.mark.parametrize("size", [0, 15, 17, 32])
def test_codes_of_another_length(size: int) -> None:
    """A code has 16 bytes; twenty-four words are not one."""
    with pytest.raises(FormatError):
        words_of(bytes(size))
    with pytest.raises(FormatError):
        SignerKey(bytes(size), LETTER)
    with pytest.raises(FormatError):
        SignerKey(bytes(16), bytes(size + 1))


def test_signer_keys() -> None:
    """A code gives each letter its own key and r, the same every time."""
    code = generate_code()
    key, again = SignerKey(code, LETTER), SignerKey.from_words(words_of(code), LETTER)
    assert (key.public_key, key.r) == (again.public_key, again.r)
    other = SignerKey(code, bytes(32))
    assert len({key.public_key, key.r, other.public_key, other.r}) == 4
    verify_ed25519(key.public_key, b"message", key.sign(b"message"))


def test_generated_codes_differ() -> None:
    """Codes are drawn at random."""
    assert len({generate_code() for _ in range(100)}) == 100


@given(
    code=st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), min_size=1, max_size=80),
    place=st.integers(min_value=0),
    bit=st.integers(0, 7),
)
def test_a_code_is_sealed_for_one_letter(code: str, place: int, bit: int) -> None:
    """Neither another letter opens it, nor another issuer, nor this one with a bit of it changed."""
    key = ChallengeKey(SEED)
    sealed = key.seal_code(code, LETTER)
    assert key.open_code(sealed, LETTER) == code
    changed = bytearray(parse_base64url(sealed))
    changed[place % len(changed)] ^= 1 << bit
    for opener, text, letter in (
        (key, sealed, SEED),
        (ChallengeKey.generate(), sealed, LETTER),
        (key, format_base64url(bytes(changed)), LETTER),
    ):
        with pytest.raises(FormatError):
            opener.open_code(text, letter)


@given(st.text(max_size=80))
def test_what_is_no_sealed_code_is_refused(text: str) -> None:
    """Also what is too short for any."""
    with pytest.raises(FormatError):
        ChallengeKey(SEED).open_code(text, LETTER)
