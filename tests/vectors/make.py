"""Writes the project's own vectors beside itself: `python tests/vectors/make.py`.

Bytes are lower-case hex. All values but those of seal.json follow from fixed seeds, so a second run
writes the same bytes; a blob is random by nature, and what counts is that the committed one opens.
The keys in here are for tests and nothing else.
"""

import hashlib
import hmac
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import altcha
import gmpy2  # type: ignore[import-untyped]
from cryptography.hazmat.primitives.asymmetric import rsa

from undersigned.crypto import blind_rsa, seal, token
from undersigned.crypto.blind_rsa import PREFIX_SIZE, SALT_SIZE, RsaPublicKey
from undersigned.crypto.keys import (
    CosignatureSigner,
    NoteSigner,
    RecordSigner,
    SignerKey,
    TokenKey,
    TrusteeKey,
    words_of,
)
from undersigned.crypto.keys.derive import derive
from undersigned.crypto.note_key import format_vkey
from undersigned.domain.canonical import format_canonical, hash_bytes
from undersigned.domain.letter import (
    Basis,
    DemandText,
    EpochTerms,
    Letter,
    Method,
    Mode,
    RollKind,
    TextDocument,
    TextRef,
    TrusteeTerms,
    ack_bytes,
    format_text,
)
from undersigned.domain.name import (
    Attestation,
    NameDocument,
    Verified,
    attestation_signed_bytes,
    commitment,
    format_name,
)
from undersigned.domain.record import (
    Ack,
    AmendRecord,
    LetterRecord,
    SignRecord,
    WithdrawRecord,
    format_record,
    signed_bytes,
)
from undersigned.signer.receipt import Receipt, format_receipt
from undersigned.tlog.checkpoint import Checkpoint, format_checkpoint_body
from undersigned.tlog.merkle import leaf_hash, node_hash
from undersigned.tlog.promise import Promise, format_promise_text
from undersigned.tlog.proof import TlogProof, format_proof

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


HOST = "letters.example"
ORIGIN = f"{HOST}/log"
OPENED = 1_700_000_000


def member_vectors() -> Vectors:
    """Return what one member of one letter sees and keeps, with every key behind it.

    The site's answers, a receipt with its proof, the public name, and two changes of mind.
    """
    seeds = {
        who: fixed(f"member, {who}")
        for who in ("log", "promise", "organiser", "attestation", "trustee 1", "trustee 2")
    }
    log = NoteSigner(ORIGIN, seeds["log"])
    promise = NoteSigner(f"{ORIGIN}/promise", seeds["promise"])
    issuer = TokenKey(fixed_rsa("member"))
    attestation_key = RecordSigner(seeds["attestation"])
    trustees = [TrusteeKey(seeds[f"trustee {i}"]) for i in (1, 2)]
    text = _member_text()
    letter = _member_letter(text, issuer, seeds, trustees)
    record = _member_letter_record(letter, attestation_key, trustees, seeds)
    code = fixed("member, code", 16)
    key = SignerKey(code, letter.letter_id)
    attestation = _member_attestation(letter, key, attestation_key)
    name = format_name(
        NameDocument(attestation, key.r, "First line.\nSecond: \u2016 \u00e9 \U0001f58b")
    )
    signed = _member_signature(letter, key, issuer, name)
    entry = format_record(signed)
    note_text = format_promise_text(
        Promise(leaf_hash(entry), OPENED - OPENED % 600 + 1200)
    ).encode()
    receipt = Receipt(
        ORIGIN,
        format_vkey(log.verifier),
        record,
        words_of(code),
        signed,
        (note_text + b"\n" + promise.sign(note_text)).decode(),
        attestation,
        fixed("member, salt", 16),
        _member_proof(entry, log).decode(),
    )
    amend = AmendRecord(letter.letter_id, key.public_key, 1, Mode.ANONYMOUS, 10, None, b"")
    withdraw = WithdrawRecord(letter.letter_id, key.public_key, b"")
    return [
        {
            "seeds": {who: seed.hex() for who, seed in seeds.items()},
            "token_key": issuer.format(),
            "site": {
                "origin": ORIGIN,
                "log_vkey": format_vkey(log.verifier),
                "promise_vkey": letter.promise_vkey,
                "witnesses": [],
                "version": "0.1.0",
                "time": OPENED,
            },
            "letter": _member_answer(record, text),
            "letter_id": letter.letter_id.hex(),
            "code": code.hex(),
            "receipt": json.loads(format_receipt(receipt)),
            "entry": entry.hex(),
            "name": name.hex(),
            "amend": _member_change(replace(amend, sig=key.sign(signed_bytes(amend)))),
            "withdraw": _member_change(replace(withdraw, sig=key.sign(signed_bytes(withdraw)))),
        }
    ]


def _member_text() -> TextDocument:
    return TextDocument(
        lang="en",
        title="A letter of nobody",
        text="We write.\n\nYou read: \u2016 \u00e9 \U0001f58b.",
        addressees=("The committee",),
        demands=(DemandText("reply", "Reply to us."),),
        consequence="Otherwise we write again.",
        headcount_source="A count of ours",
    )


def _member_letter(
    text: TextDocument, issuer: TokenKey, seeds: dict[str, bytes], trustees: list[TrusteeKey]
) -> Letter:
    return Letter(
        slug="member-letter",
        edition=1,
        supersedes=None,
        texts=(TextRef("en", hash_bytes(format_text(text))),),
        demands=("reply",),
        deadline=None,
        closes=OPENED + 86_400,
        headcount=100,
        headcount_as_of="2023-11-01",
        rule=50,
        cooling_off_s=0,
        basis=Basis.NAMED,
        modes=tuple(Mode),
        conditions=(10, 50),
        epoch=EpochTerms(60, 8, 600),
        trustees=tuple(
            TrusteeTerms(f"Trustee {i}", False, key.seal_key, key.sign_key)
            for i, key in enumerate(trustees, start=1)
        ),
        quorum=2,
        issuer_url=None,
        token_key=issuer.spki,
        attestation_key=RecordSigner(seeds["attestation"]).public_key,
        roll=RollKind.LIST,
        methods=(Method.EMAIL, Method.INVITE),
        organiser_key=RecordSigner(seeds["organiser"]).public_key,
        promise_vkey=format_vkey(NoteSigner(f"{ORIGIN}/promise", seeds["promise"]).verifier),
        bundle=None,
        retention_days=90,
    )


def _member_letter_record(
    letter: Letter, issuer: RecordSigner, trustees: list[TrusteeKey], seeds: dict[str, bytes]
) -> LetterRecord:
    message = ack_bytes(letter.letter_id)
    acks = [Ack("issuer", issuer.sign(message))]
    acks += [Ack(i, key.sign(message)) for i, key in enumerate(trustees, start=1)]
    record = LetterRecord(letter, tuple(acks), bytes(64))
    return replace(record, sig=RecordSigner(seeds["organiser"]).sign(signed_bytes(record)))


def _member_answer(record: LetterRecord, text: TextDocument) -> dict[str, Any]:
    members = ("m", "standing", "waiting", "anonymous", "withdrawn", "invalidated", "erased")
    counts = dict.fromkeys(members, 0) | {"headcount": 100, "size": 3, "at": OPENED}
    return {
        "letter_id": record.letter.letter_id.hex(),
        "slug": record.letter.slug,
        "edition": record.letter.edition,
        "record": json.loads(format_record(record)),
        "texts": [json.loads(format_text(text))],
        "state": "open",
        "wave": 0,
        "opened_at": OPENED,
        "reached_at": None,
        "released_at": None,
        "roll_n": 90,
        "seals": "trustees",
        "counts": counts,
    }


def _member_attestation(letter: Letter, key: SignerKey, issuer: RecordSigner) -> Attestation:
    c = commitment(key.public_key, key.r)
    unsigned = Attestation(
        letter.letter_id, "Rina Contoh", "Engineer", Verified.EMAIL, c, bytes(64)
    )
    return replace(unsigned, sig=issuer.sign(attestation_signed_bytes(unsigned)))


def _member_signature(letter: Letter, key: SignerKey, issuer: TokenKey, name: bytes) -> SignRecord:
    challenge = token.TokenChallenge(HOST, letter.letter_id, HOST)
    message = token.token_input(
        token.nonce_of(key.public_key), challenge.digest, token.token_key_id(issuer.spki)
    )
    blinding = blind_rsa.blind(
        issuer.public_key,
        message,
        salt=fixed("member, pss", SALT_SIZE),
        r=fixed_factor("member, r", issuer.public_key),
    )
    answer = issuer.blind_sign(blinding.blinded)
    authenticator = blind_rsa.finalize(issuer.public_key, message, answer, blinding.inverse)
    record = SignRecord(
        letter.letter_id,
        message + authenticator,
        key.public_key,
        Mode.PUBLIC,
        None,
        hash_bytes(name),
        b"",
    )
    return replace(record, sig=key.sign(signed_bytes(record)))


def _member_proof(entry: bytes, log: NoteSigner) -> bytes:
    """Return the proof that the entry is the second of three."""
    first, third = leaf_hash(b"first"), leaf_hash(b"third")
    root = node_hash(node_hash(first, leaf_hash(entry)), third)
    body = format_checkpoint_body(Checkpoint(ORIGIN, 3, root)).encode()
    return format_proof(TlogProof(None, 1, (first, third), body + b"\n" + log.sign(body)))


def _member_change(record: AmendRecord | WithdrawRecord) -> dict[str, Any]:
    change: dict[str, Any] = json.loads(format_record(record))
    return change


def work_vectors() -> Vectors:
    """A challenge as an issuer gives it out (§9.3), and its solution."""
    nonce, salt = fixed("work, nonce", 16), fixed("work, salt", 16)
    parameters = altcha.ChallengeParameters(
        "SHA-256",
        nonce.hex(),
        salt.hex(),
        1,
        data={"letter": "ab" * 32, "expires": 600, "most": 800},
    )
    counter = 432
    key = hash_bytes(salt + nonce + counter.to_bytes(4, "big"))
    parameters.key_prefix = key[:16].hex()
    secrets = {
        name: derive(
            fixed("work, key", 32), salt=b"", info=f"undersigned/v1/challenge/{name}".encode()
        )
        for name in ("sign", "answer")
    }
    parameters.key_signature = hmac.digest(secrets["answer"], key, "sha256").hex()
    wire = parameters.to_dict()
    signature = hmac.digest(secrets["sign"], format_canonical(wire), "sha256").hex()
    return [
        {
            "key": fixed("work, key", 32).hex(),
            "challenge": {"parameters": wire, "signature": signature},
            "solution": {"counter": counter, "derivedKey": key.hex()},
        }
    ]


VECTORS: dict[str, Callable[[], Vectors]] = {
    "blind_rsa": blind_rsa_vectors,
    "token": token_vectors,
    "signer": signer_vectors,
    "note": note_vectors,
    "member": member_vectors,
    "seal": seal_vectors,
    "work": work_vectors,
}


def main() -> None:
    """Write one JSON file for each kind of vector."""
    for name, vectors in VECTORS.items():
        text = json.dumps(vectors(), indent=1, ensure_ascii=False)
        (HERE / f"{name}.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
