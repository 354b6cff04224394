"""Vectors: those of RFC 9474 and RFC 9578 where they are at hand, and the project's own always.

The RFCs' vectors are read from `../shared/vectors`, seen from the root of the checkout. Without that
folder the same tests run over the project's vectors of the same form, and a line on the terminal says
so; nothing is skipped.
"""

import hashlib
import json
import runpy
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from undersigned.crypto import blind_rsa, seal, token
from undersigned.crypto.blind_rsa import BlindedMessage, RsaPublicKey
from undersigned.crypto.ed25519 import verify_ed25519
from undersigned.crypto.keys import (
    CosignatureSigner,
    NoteSigner,
    SignerKey,
    TokenKey,
    TrusteeKey,
    code_of,
    words_of,
)
from undersigned.crypto.note_key import COSIGNATURE, format_vkey, parse_vkey

OWN = Path(__file__).parents[1] / "vectors"
SHARED = Path(__file__).parents[3] / "shared" / "vectors"

Vector: TypeAlias = dict[str, Any]
Load: TypeAlias = Callable[[str, str], list[Vector]]


def own(name: str) -> list[Vector]:
    """Read vectors of the project."""
    vectors: list[Vector] = json.loads((OWN / f"{name}.json").read_text(encoding="utf-8"))
    return vectors


@pytest.fixture
def published(capsys: pytest.CaptureFixture[str]) -> Load:
    """Give a reader of an RFC's vectors that falls back, audibly, on the project's own."""

    def load(name: str, instead: str) -> list[Vector]:
        path = SHARED / f"{name}.json"
        if path.is_file():
            vectors: list[Vector] = json.loads(path.read_text(encoding="utf-8"))
            return vectors
        with capsys.disabled():
            sys.stdout.write(
                f"\nwarning: the vectors {name}.json were not found in ../shared/vectors; "
                f"tested with tests/vectors/{instead}.json, which this project made itself\n"
            )
        return own(instead)

    return load


def test_every_variant_of_rfc_9474(published: Load) -> None:
    """Blind, BlindSign and Finalize give the bytes of RFC 9474, appendix A."""
    for vector in [*published("rfc9474", "blind_rsa"), *own("blind_rsa")]:
        check_blind_rsa(vector)


def check_blind_rsa(vector: Vector) -> None:
    number = {name: int(vector[name], 16) for name in ("p", "q", "n", "e", "d", "inv", "sLen")}
    p, q, d, key = number["p"], number["q"], number["d"], RsaPublicKey(number["n"], number["e"])
    private = rsa.RSAPrivateNumbers(
        p, q, d, d % (p - 1), d % (q - 1), pow(q, -1, p), rsa.RSAPublicNumbers(key.e, key.n)
    )
    message = bytes.fromhex(vector["msg"])
    if int(vector["is_randomized"], 16):
        message = blind_rsa.prepare(message, bytes.fromhex(vector["msg_prefix"]))
    assert message.hex() == vector["input_msg"]
    salt = bytes.fromhex(vector["salt"])
    assert len(salt) == number["sLen"]
    blinding = blind_rsa.blind(key, message, salt=salt, r=pow(number["inv"], -1, key.n))
    assert blinding == BlindedMessage(bytes.fromhex(vector["blinded_msg"]), number["inv"])
    answer = blind_rsa.blind_sign(private, blinding.blinded)
    assert answer.hex() == vector["blind_sig"]
    signature = blind_rsa.finalize(key, message, answer, blinding.inverse, salt_length=len(salt))
    assert signature.hex() == vector["sig"]


@pytest.mark.parametrize("implementation", ["go", "rust"])
def test_issuance_of_rfc_9578(published: Load, implementation: str) -> None:
    """Request, response and token of type 2 are those that RFC 9578's implementations made."""
    for vector in [*published(f"rfc9578-type2-{implementation}", "token"), *own("token")]:
        check_issuance({name: bytes.fromhex(value) for name, value in vector.items()})


def check_issuance(vector: dict[str, bytes]) -> None:
    issuer = TokenKey.parse(vector["skS"].decode())
    key = token.parse_spki(vector["pkS"])
    assert issuer.spki == vector["pkS"] == token.format_spki(key)
    challenge = token.parse_challenge(vector["token_challenge"])
    assert token.format_challenge(challenge) == vector["token_challenge"]
    key_id = token.token_key_id(vector["pkS"])
    message = token.token_input(vector["nonce"], challenge.digest, key_id)
    factor = int.from_bytes(vector["blind"], "big")
    blinding = blind_rsa.blind(key, message, salt=vector["salt"], r=factor)
    assert b"\x00\x02" + key_id[-1:] + blinding.blinded == vector["token_request"]
    assert issuer.blind_sign(blinding.blinded) == vector["token_response"]
    signature = blind_rsa.finalize(key, message, vector["token_response"], blinding.inverse)
    made = token.Token(vector["nonce"], challenge.digest, key_id, signature)
    assert token.format_token(made) == vector["token"]
    assert token.parse_token(vector["token"]) == made


def test_own_tokens_belong_to_their_keys() -> None:
    """The project's tokens verify for their letter and signer."""
    for vector in own("token"):
        challenge = token.parse_challenge(bytes.fromhex(vector["token_challenge"]))
        assert challenge.redemption_context.hex() == vector["letter_id"]
        token.verify_token(
            bytes.fromhex(vector["token"]),
            bytes.fromhex(vector["pkS"]),
            challenge,
            bytes.fromhex(vector["pk"]),
        )


def test_own_blobs_open() -> None:
    """The committed blobs open with their trustees' seeds, now and in every later version."""
    for vector in own("seal"):
        letter_id, pk = bytes.fromhex(vector["letter_id"]), bytes.fromhex(vector["pk"])
        value = bytes.fromhex(vector["blob"])
        blob, shares = seal.parse_blob(value), {}
        for i, trustee in enumerate(vector["trustees"], start=1):
            key = TrusteeKey(bytes.fromhex(trustee["seed"]))
            assert key.seal_key.hex() == trustee["seal_key"]
            assert key.sign_key.hex() == trustee["sign_key"]
            shares[i] = key.open_share(blob, i, letter_id, pk)
            assert shares[i].hex() == trustee["share"]
        opened = seal.combine_key(blob, shares, vector["k"])
        assert opened.hex() == vector["key"]
        assert seal.open_blob(blob, opened, letter_id, pk).hex() == vector["document"]
        assert seal.blob_hash(value).hex() == vector["blob_hash"]


def test_own_signer_keys() -> None:
    """Words, keys, r and signatures follow from codes as the vectors say."""
    for vector in own("signer"):
        code, letter_id = bytes.fromhex(vector["code"]), bytes.fromhex(vector["letter_id"])
        assert words_of(code) == vector["words"]
        assert code_of(vector["words"]) == code
        key = SignerKey(code, letter_id)
        assert (key.public_key.hex(), key.r.hex()) == (vector["pk"], vector["r"])
        assert hashlib.sha256(key.public_key + key.r).hexdigest() == vector["c"]
        assert key.sign(letter_id).hex() == vector["signature"]
        verify_ed25519(key.public_key, letter_id, bytes.fromhex(vector["signature"]))


def test_own_note_keys() -> None:
    """Note keys have the IDs, texts and signature lines of the vectors."""
    for vector in own("note"):
        key = parse_vkey(vector["vkey"])
        assert (key.name, key.kind) == (vector["name"], vector["kind"])
        assert (key.public_key.hex(), key.key_id.hex()) == (vector["public_key"], vector["key_id"])
        assert format_vkey(key) == vector["vkey"]
        text = vector["text"].encode()
        if key.kind == COSIGNATURE:
            witness = CosignatureSigner.parse(vector["private"])
            assert witness.sign(text, vector["time"]).decode() == vector["line"]
        else:
            assert NoteSigner.parse(vector["private"]).sign(text).decode() == vector["line"]


def test_own_vectors_are_the_ones_that_are_made() -> None:
    """The script writes the committed vectors again, but for the blobs, which are random."""
    made: dict[str, Callable[[], list[Vector]]] = runpy.run_path(str(OWN / "make.py"))["VECTORS"]
    for name in sorted(set(made) - {"seal"}):
        assert made[name]() == own(name)
