"""Writes the project's own vectors beside itself: `python tests/vectors/make.py`.

Bytes are lower-case hex. All values but those of seal.json follow from fixed seeds, so a second run
writes the same bytes; a blob is random by nature, and what counts is that the committed one opens.
The keys in here are for tests and nothing else.
"""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import gmpy2  # type: ignore[import-untyped]
from cryptography.hazmat.primitives.asymmetric import rsa

from undersigned.crypto import blind_rsa, seal, token
from undersigned.crypto.blind_rsa import PREFIX_SIZE, SALT_SIZE, RsaPublicKey
from undersigned.crypto.keys import (
    CosignatureSigner,
    NoteSigner,
    SignerKey,
    TokenKey,
    TrusteeKey,
    words_of,
)
from undersigned.crypto.note_key import format_vkey

HERE = Path(__file__).parent

Vectors = list[dict[str, object]]


def fixed(label: str, size: int = 32) -> bytes:
    """Return bytes that look random and are the same in every run."""
    return hashlib.shake_256(f"undersigned test vector: {label}".encode()).digest(size)


def fixed_rsa(label: str) -> rsa.RSAPrivateKey:
    """Return an RSA-2048 key that is the same in every run."""
    p, q = (_fixed_prime(f"{label}, {half}") for half in "pq")
    d = pow(65537, -1, (p - 1) * (q - 1))
    numbers = rsa.RSAPrivateNumbers(
        p,
        q,
        d,
        rsa.rsa_crt_dmp1(d, p),
        rsa.rsa_crt_dmq1(d, q),
        rsa.rsa_crt_iqmp(p, q),
        rsa.RSAPublicNumbers(65537, p * q),
    )
    return numbers.private_key()


def _fixed_prime(label: str) -> int:
    start = int.from_bytes(fixed(label, 128), "big") | 3 << 1022
    return int(gmpy2.next_prime(start))


def fixed_factor(label: str, key: RsaPublicKey) -> int:
    """Return a blinding factor for a key that is the same in every run."""
    return int.from_bytes(fixed(label, key.size), "big") % key.n


def blind_rsa_vectors() -> Vectors:
    """Return one vector for each variant, in the members of RFC 9474, appendix A."""
    numbers = fixed_rsa("blind").private_numbers()
    key = RsaPublicKey(numbers.public_numbers.n, numbers.public_numbers.e)
    vectors: Vectors = []
    for salt_name, salt_size in (("PSS", SALT_SIZE), ("PSSZERO", 0)):
        for kind, prefix_size in (("Randomized", PREFIX_SIZE), ("Deterministic", 0)):
            name = f"RSABSSA-SHA384-{salt_name}-{kind}"
            message, prefix = fixed(f"{name}, message"), fixed(f"{name}, prefix", prefix_size)
            salt = fixed(f"{name}, salt", salt_size)
            blinding = blind_rsa.blind(
                key, prefix + message, salt=salt, r=fixed_factor(f"{name}, r", key)
            )
            answer = blind_rsa.blind_sign(numbers, blinding.blinded)
            signature = blind_rsa.finalize(
                key, prefix + message, answer, blinding.inverse, salt_length=salt_size
            )
            vectors.append(
                {
                    "name": name,
                    "p": hex(numbers.p),
                    "q": hex(numbers.q),
                    "n": hex(key.n),
                    "e": hex(key.e),
                    "d": hex(numbers.d),
                    "msg": message.hex(),
                    "msg_prefix": prefix.hex(),
                    "input_msg": (prefix + message).hex(),
                    "sLen": hex(salt_size),
                    "salt": salt.hex(),
                    "is_randomized": hex(int(prefix_size > 0)),
                    "inv": hex(blinding.inverse),
                    "blinded_msg": blinding.blinded.hex(),
                    "blind_sig": answer.hex(),
                    "sig": signature.hex(),
                }
            )
    return vectors


def token_vectors() -> Vectors:
    """Return tokens in the members of RFC 9578, appendix B, with the signer's key and the letter."""
    return [_token_vector(f"token {i}") for i in (1, 2)]


def _token_vector(label: str) -> dict[str, object]:
    issuer = TokenKey(fixed_rsa(label))
    letter_id = fixed(f"{label}, letter")
    pk = SignerKey(fixed(f"{label}, code", 16), letter_id).public_key
    challenge = token.TokenChallenge("letters.example", letter_id, "letters.example")
    key_id = token.token_key_id(issuer.spki)
    message = token.token_input(token.nonce_of(pk), challenge.digest, key_id)
    salt = fixed(f"{label}, salt", SALT_SIZE)
    factor = fixed_factor(f"{label}, r", issuer.public_key)
    blinding = blind_rsa.blind(issuer.public_key, message, salt=salt, r=factor)
    answer = issuer.blind_sign(blinding.blinded)
    signature = blind_rsa.finalize(issuer.public_key, message, answer, blinding.inverse)
    return {
        "letter_id": letter_id.hex(),
        "pk": pk.hex(),
        "skS": issuer.format().encode().hex(),
        "pkS": issuer.spki.hex(),
        "token_challenge": token.format_challenge(challenge).hex(),
        "nonce": token.nonce_of(pk).hex(),
        "blind": factor.to_bytes(issuer.public_key.size, "big").hex(),
        "salt": salt.hex(),
        "token_request": (b"\x00\x02" + key_id[-1:] + blinding.blinded).hex(),
        "token_response": answer.hex(),
        "token": (message + signature).hex(),
    }


def seal_vectors() -> Vectors:
    """Return blobs for several quorums; they open with the trustees' seeds that stand beside them."""
    return [_seal_vector(k, n) for k, n in ((1, 1), (1, 2), (2, 3), (3, 5))]


def _seal_vector(k: int, n: int) -> dict[str, object]:
    label = f"seal {k} of {n}"
    letter_id, code = fixed(f"{label}, letter"), fixed(f"{label}, code", 16)
    pk = SignerKey(code, letter_id).public_key
    seeds = [fixed(f"{label}, trustee {i}") for i in range(1, n + 1)]
    trustees = [TrusteeKey(seed) for seed in seeds]
    document = f'{{"t":"name","v":1,"example":"{label}, \u2016 \u00e9"}}'.encode() * (n * n)
    value = seal.seal(document, letter_id, pk, [trustee.seal_key for trustee in trustees], k)
    blob = seal.parse_blob(value)
    shares = {i: t.open_share(blob, i, letter_id, pk) for i, t in enumerate(trustees, start=1)}
    return {
        "letter_id": letter_id.hex(),
        "pk": pk.hex(),
        "k": k,
        "trustees": [
            {
                "seed": seed.hex(),
                "seal_key": trustee.seal_key.hex(),
                "sign_key": trustee.sign_key.hex(),
                "share": shares[i].hex(),
            }
            for i, (seed, trustee) in enumerate(zip(seeds, trustees, strict=True), start=1)
        ],
        "document": document.hex(),
        "key": seal.combine_key(blob, shares, k).hex(),
        "blob": value.hex(),
        "blob_hash": seal.blob_hash(value).hex(),
    }


def signer_vectors() -> Vectors:
    """Return what codes give for letters: words, key, r, and a signature over the letter's ID."""
    codes = [bytes(16), b"\xff" * 16, *(fixed(f"signer {i}", 16) for i in (1, 2))]
    letters = [fixed(f"signer letter {i}") for i in (1, 2)]
    return [_signer_vector(code, letter_id) for code in codes for letter_id in letters]


def _signer_vector(code: bytes, letter_id: bytes) -> dict[str, object]:
    key = SignerKey(code, letter_id)
    return {
        "code": code.hex(),
        "words": words_of(code),
        "letter_id": letter_id.hex(),
        "pk": key.public_key.hex(),
        "r": key.r.hex(),
        "c": hashlib.sha256(key.public_key + key.r).hexdigest(),
        "signature": key.sign(letter_id).hex(),
    }


def note_vectors() -> Vectors:
    """Return note keys of both kinds, with a signature line over a small checkpoint."""
    text = b"letters.example/log\n1\n" + b"A" * 43 + b"=\n"
    log = NoteSigner("letters.example/log", fixed("note, log"))
    witness = CosignatureSigner("witness.example/w1", fixed("note, witness"))
    signed = (
        (log, None, log.sign(text)),
        (witness, 1_700_000_000, witness.sign(text, 1_700_000_000)),
    )
    return [
        {
            "name": signer.verifier.name,
            "kind": signer.verifier.kind,
            "public_key": signer.verifier.public_key.hex(),
            "key_id": signer.verifier.key_id.hex(),
            "vkey": format_vkey(signer.verifier),
            "private": signer.format(),
            "text": text.decode(),
            "time": time,
            "line": line.decode(),
        }
        for signer, time, line in signed
    ]


VECTORS: dict[str, Callable[[], Vectors]] = {
    "blind_rsa": blind_rsa_vectors,
    "token": token_vectors,
    "signer": signer_vectors,
    "note": note_vectors,
    "seal": seal_vectors,
}


def main() -> None:
    """Write one JSON file for each kind of vector."""
    for name, vectors in VECTORS.items():
        text = json.dumps(vectors(), indent=1, ensure_ascii=False)
        (HERE / f"{name}.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
