"""A trustee's key under a passphrase: the file that the terminal and the browser both make."""

import base64
import hashlib
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given, settings
from hypothesis import strategies as st

from undersigned.crypto.keys import TrusteeKey, format_locked, is_locked, parse_locked
from undersigned.errors import FormatError, VerificationError

WORDS = "five words that nobody joins"
KEY = TrusteeKey(bytes(range(32)))
FILE = format_locked(KEY, WORDS)

MEMBERS = [
    "v", "kind", "kdf", "iterations", "salt", "nonce", "ciphertext", "seal_key", "sign_key",
]  # fmt: skip


def test_the_key_comes_back() -> None:
    """Under its passphrase, in whichever form of Unicode that is typed."""
    assert is_locked(FILE)
    assert parse_locked(FILE, WORDS).seed == KEY.seed
    accented = format_locked(KEY, "é" * 12)
    assert parse_locked(accented, "e\u0301" * 12).sign_key == KEY.sign_key


def test_a_line_is_not_a_locked_file() -> None:
    """The two forms of a key file are told apart by how they begin."""
    assert not is_locked(KEY.format())


def test_the_seed_is_not_in_the_file() -> None:
    """Neither in bytes nor in any writing of ours; the public keys are."""
    assert KEY.format().partition("+")[2] not in FILE
    assert KEY.seed.hex() not in FILE
    assert len(json.loads(FILE)["seal_key"]) == 1622


def test_another_passphrase_opens_nothing() -> None:
    """The sentence does not say how wrong it was."""
    with pytest.raises(VerificationError, match=r"^The passphrase is not that of this file\.$"):
        parse_locked(FILE, WORDS + " ")


@pytest.mark.parametrize(
    "change",
    [
        {"v": 2},
        {"kind": "undersigned-member"},
        {"kdf": "scrypt"},
        {"iterations": 599_999},
        {"iterations": 10_000_001},
        {"iterations": "600000"},
        {"salt": "AAAA"},
        {"nonce": "AAAA"},
        {"ciphertext": "AAAA"},
        {"seal_key": "AAAA"},
        {"sign_key": "A" * 43},
        {"more": 1},
    ],
)
def test_a_changed_file_is_refused(change: dict[str, Any]) -> None:
    """Other versions, kinds and sizes, few or too many iterations, public keys of another seed."""
    with pytest.raises(FormatError):
        parse_locked(json.dumps(json.loads(FILE) | change), WORDS)


def test_a_file_without_a_member_is_refused() -> None:
    """Every member is needed."""
    for name in json.loads(FILE):
        members = {key: value for key, value in json.loads(FILE).items() if key != name}
        with pytest.raises(FormatError):
            parse_locked(json.dumps(members), WORDS)


@pytest.mark.parametrize("passphrase", ["", "x" * 1_025, "\ud800"])
def test_a_passphrase_has_its_limits(passphrase: str) -> None:
    """Empty, endless, or no text at all."""
    with pytest.raises(FormatError):
        format_locked(KEY, passphrase)
    with pytest.raises(FormatError):
        parse_locked(FILE, passphrase)


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=200) | st.text(max_size=40).map(lambda text: FILE[:60] + text))
def test_no_text_breaks_the_reader(text: str) -> None:
    """Whatever is in a file, it is a key or a FormatError."""
    with pytest.raises(FormatError):
        parse_locked(text, WORDS)


def test_a_flipped_bit_is_refused() -> None:
    """In the ciphertext as in the salt."""
    for name in ("salt", "nonce", "ciphertext"):
        members = json.loads(FILE)
        first = "A" if members[name][0] != "A" else "B"
        members[name] = first + members[name][1:]
        with pytest.raises(VerificationError):
            parse_locked(json.dumps(members), WORDS)


def test_the_file_is_what_the_formats_say() -> None:
    """A stranger's own PBKDF2 and AES-GCM open it."""
    members = json.loads(FILE)
    assert list(members) == MEMBERS
    raw = {
        name: base64.urlsafe_b64decode(members[name] + "==")
        for name in ("salt", "nonce", "ciphertext")
    }
    key = hashlib.pbkdf2_hmac("sha256", WORDS.encode(), raw["salt"], members["iterations"])
    assert AESGCM(key).decrypt(raw["nonce"], raw["ciphertext"], None) == KEY.seed
